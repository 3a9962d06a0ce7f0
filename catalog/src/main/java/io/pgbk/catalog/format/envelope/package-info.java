/** The object envelope: header, frames, index and trailer, written and read as streams in bounded memory. */
@NullMarked
package io.pgbk.catalog.format.envelope;

import org.jspecify.annotations.NullMarked;
