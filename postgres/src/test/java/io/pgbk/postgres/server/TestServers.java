package io.pgbk.postgres.server;

import io.pgbk.testkit.PostgresServer;

/** How the module's tests reach their servers. */
final class TestServers {
    private TestServers() {}

    static PostgresConfig config(PostgresServer server) {
        return PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), server.user(), server.dataDirectory());
    }
}
