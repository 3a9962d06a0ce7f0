/** The pure decisions of a restore: which backup, which timeline, whether the WAL reaches the target. */
@NullMarked
package io.pgbk.restore.plan;

import org.jspecify.annotations.NullMarked;
