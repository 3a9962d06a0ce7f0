/** Moves what little is still used of backups that nobody keeps for their own sake, so that they can go. */
@NullMarked
package io.pgbk.catalog.repository.compaction;

import org.jspecify.annotations.NullMarked;
