/** archive-get: delivers one WAL file to PostgreSQL, or proves that the archive does not have it. */
@NullMarked
package io.pgbk.restore.get;

import org.jspecify.annotations.NullMarked;
