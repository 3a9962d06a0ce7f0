/**
 * A run of the program against throw-away repositories, by which Java learns what they need: lib/make-cache records
 * it and keeps the result beside the program.
 */
@NullMarked
package io.pgbk.cli.rehearsal;

import org.jspecify.annotations.NullMarked;
