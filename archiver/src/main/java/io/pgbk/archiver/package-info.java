/** Data on its way into the repository: what archiving and backups share. */
@NullMarked
package io.pgbk.archiver;

import org.jspecify.annotations.NullMarked;
