/** WAL objects: one archived WAL file each, with what restores need to know about it. */
@NullMarked
package io.pgbk.catalog.format.wal;

import org.jspecify.annotations.NullMarked;
