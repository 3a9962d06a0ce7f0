/** Tests of reading WAL. */
@NullMarked
package io.pgbk.postgres.wal;

import org.jspecify.annotations.NullMarked;
