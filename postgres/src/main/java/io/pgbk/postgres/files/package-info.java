/** The data directory as files: names, what belongs to a backup, the walk over it, and configuration files outside. */
@NullMarked
package io.pgbk.postgres.files;

import org.jspecify.annotations.NullMarked;
