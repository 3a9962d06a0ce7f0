/** Taking full backups: checks, the parallel copy of the data directory, and the proof that its WAL is archived. */
@NullMarked
package io.pgbk.archiver.backup;

import org.jspecify.annotations.NullMarked;
