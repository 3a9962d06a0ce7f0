/** Tests of full backups. */
@NullMarked
package io.pgbk.archiver.backup;

import org.jspecify.annotations.NullMarked;
