/** Full backups that are written from what the repository holds, without a server. */
@NullMarked
package io.pgbk.catalog.repository.synthesis;

import org.jspecify.annotations.NullMarked;
