/** What becomes of a directory that is restored into. */
@NullMarked
package io.pgbk.restore.directory;

import org.jspecify.annotations.NullMarked;
