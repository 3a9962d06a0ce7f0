/** What goes to standard output and standard error: text for people, JSON for machines, progress, errors. */
@NullMarked
package io.pgbk.cli.output;

import org.jspecify.annotations.NullMarked;
