/** Reading write-ahead log: pages, records, the validation of whole segments and what a segment's index says. */
@NullMarked
package io.pgbk.postgres.wal;

import org.jspecify.annotations.NullMarked;
