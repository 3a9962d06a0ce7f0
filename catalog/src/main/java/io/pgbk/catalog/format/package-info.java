/** The stored form of objects, version 1, as docs/repository-format.md specifies it byte by byte: shared vocabulary and bounds. */
@NullMarked
package io.pgbk.catalog.format;

import org.jspecify.annotations.NullMarked;
