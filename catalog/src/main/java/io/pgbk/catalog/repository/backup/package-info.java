/** Backups: taking, committing, listing, judging and removing them. */
@NullMarked
package io.pgbk.catalog.repository.backup;

import org.jspecify.annotations.NullMarked;
