package io.pgbk.postgres.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real PgBouncer in between. */
class PoolerTest {
    private static final Path PGBOUNCER = Path.of("/usr/sbin/pgbouncer");

    @ParameterizedTest
    @ValueSource(strings = {"extra_float_digits", "extra_float_digits, options"})
    void aPoolerInBetweenIsRecognisedWhetherOrNotItAcceptsSessionSettings(String ignoredParameters)
            throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(PGBOUNCER), "SKIPPED: PgBouncer is not installed (bin/test installs it)");
        try (PostgresServer server = PostgresServer.start(15)) {
            Path directory = AsPostgres.createDirectory(server.workDirectory().resolve("pooler"));
            AsPostgres.write(directory.resolve("users.txt"), "\"postgres\" \"\"\n");
            AsPostgres.write(directory.resolve("pgbouncer.ini"), """
                    [databases]
                    postgres = user=postgres host=%s port=%d
                    [pgbouncer]
                    listen_addr =
                    unix_socket_dir = %s
                    listen_port = 6432
                    auth_type = any
                    auth_file = %s/users.txt
                    pool_mode = session
                    ignore_startup_parameters = %s
                    """.formatted(
                            server.socketDirectory(), server.port(), directory, directory, ignoredParameters));
            Process pooler = new ProcessBuilder(AsPostgres.command(List.of(
                            PGBOUNCER.toString(),
                            "-q",
                            directory.resolve("pgbouncer.ini").toString())))
                    .redirectErrorStream(true)
                    .redirectOutput(server.workDirectory().resolve("pooler.log").toFile())
                    .start();
            try {
                Deadline.within(Duration.ofSeconds(20))
                        .await("PgBouncer listens", () -> accepts(directory.resolve(".s.PGSQL.6432")));
                PostgresConfig config =
                        PostgresConfig.of(directory.toString(), 6432, "postgres", server.dataDirectory());
                PgbkException failure =
                        catchThrowableOfType(PgbkException.class, () -> PostgresConnection.open(config));
                assertThat(failure.code()).isEqualTo(ErrorCode.POSTGRES_UNSUITABLE);
                assertThat(failure.hint()).contains("configure the address of PostgreSQL itself");
            } finally {
                pooler.destroy();
                pooler.waitFor();
            }
        }
    }

    /** The socket's file is there before anybody listens at it, so only a connection that is accepted counts. */
    private static boolean accepts(Path socket) {
        try (SocketChannel connection = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return connection.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
