/**
 * A run of both hooks against throw-away repositories, by which Java learns what they need: lib/make-hook-cache records
 * it and keeps the result beside the program.
 */
@NullMarked
package io.pgbk.cli.rehearsal;

import org.jspecify.annotations.NullMarked;
