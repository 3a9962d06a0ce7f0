/** Copies of backups and WAL in another repository. */
@NullMarked
package io.pgbk.catalog.repository.copy;

import org.jspecify.annotations.NullMarked;
