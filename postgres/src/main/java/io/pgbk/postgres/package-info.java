/** PostgreSQL's own value types and file formats, versions 13 to 18; nothing here knows about storage. */
@NullMarked
package io.pgbk.postgres;

import org.jspecify.annotations.NullMarked;
