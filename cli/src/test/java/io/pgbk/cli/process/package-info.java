/** What commands get from the process. */
@NullMarked
package io.pgbk.cli.process;

import org.jspecify.annotations.NullMarked;
