/** The conversation with a running server: connection, facts, start and stop of a backup, catalogue. */
@NullMarked
package io.pgbk.postgres.server;

import org.jspecify.annotations.NullMarked;
