/** What a command gets from the process it runs in. */
@NullMarked
package io.pgbk.cli.process;

import org.jspecify.annotations.NullMarked;
