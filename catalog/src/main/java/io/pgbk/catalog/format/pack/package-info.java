/** Packs, the objects that hold the content of data files. */
@NullMarked
package io.pgbk.catalog.format.pack;

import org.jspecify.annotations.NullMarked;
