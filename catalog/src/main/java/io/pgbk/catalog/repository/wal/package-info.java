/** The WAL archive of one incarnation: what goes in, what comes out, what is missing. */
@NullMarked
package io.pgbk.catalog.repository.wal;

import org.jspecify.annotations.NullMarked;
