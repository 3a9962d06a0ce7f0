/** Tests of PostgreSQL's value types and formats, against golden bytes and against servers of every major version. */
@NullMarked
package io.pgbk.postgres;

import org.jspecify.annotations.NullMarked;
