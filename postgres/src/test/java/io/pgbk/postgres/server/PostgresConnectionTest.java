package io.pgbk.postgres.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The connection and what can be wrong with it, on the oldest and the newest version. */
@ParameterizedClass
@ValueSource(ints = {13, 18})
class PostgresConnectionTest {
    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    @Parameter
    int major;

    @BeforeParameterizedClassInvocation
    static void startAServerWithAHostileRole(int major) throws IOException {
        server = PostgresServer.builder(major)
                .withTcp()
                .withSetting("password_encryption", "scram-sha-256")
                .create();
        Path hba = server.dataDirectory().resolve("pg_hba.conf");
        Files.writeString(
                hba, "local all refused peer\nhost all all 127.0.0.1/32 scram-sha-256\n" + Files.readString(hba));
        server.start();
        server.sql(
                "create role backup login password 'sekret' ",
                "create role \"Odd \"\"Role\" login",
                "create role refused login",
                "create role hostile superuser login",
                "alter role hostile set statement_timeout = '1ms'",
                "alter role hostile set lock_timeout = '1ms'",
                "alter role hostile set idle_in_transaction_session_timeout = '10ms'",
                "alter role hostile set default_transaction_read_only = on",
                "alter role hostile set search_path = hostile, pg_catalog",
                "alter role hostile set standard_conforming_strings = off");
    }

    @AfterParameterizedClassInvocation
    static void stopTheServer() {
        server.close();
    }

    @Test
    void timeLimitsOfTheRoleDoNotReachTheSession() {
        PostgresConfig hostile = PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), "hostile", server.dataDirectory());
        try (PostgresConnection connection = PostgresConnection.open(hostile)) {
            Map<String, String> expected = Map.of(
                    "statement_timeout", "0",
                    "lock_timeout", "0",
                    "idle_in_transaction_session_timeout", "0",
                    "default_transaction_read_only", "off",
                    "search_path", "pg_catalog",
                    "application_name", "pgbk");
            expected.forEach((name, value) -> assertThat(show(connection, name)).isEqualTo(value));
            if (major >= 14) {
                assertThat(show(connection, "idle_session_timeout")).isEqualTo("0");
            }
            assertThat(connection.createRestorePoint("point").isValid()).isTrue();
        }
    }

    @Test
    void aHangingServerIsLeftAfterTheTimeLimit() {
        PostgresConfig hasty = config().withTimeouts(Duration.ofSeconds(5), Duration.ofMillis(300));
        try (PostgresConnection connection = PostgresConnection.open(hasty)) {
            assertUnsuitable(() -> connection.query("sleep", c -> execute(c, "select pg_sleep(30)")), "cannot sleep")
                    .satisfies(e -> assertThat(e.hint()).contains("did not answer in time"));
        }
    }

    @Test
    void aMissingSocketIsNamed() {
        PostgresConfig config = PostgresConfig.of("/nonexistent", 5432, "postgres", server.dataDirectory());
        assertUnsuitable(() -> PostgresConnection.open(config), "/nonexistent/.s.PGSQL.5432")
                .satisfies(e -> assertThat(e.hint()).contains("unix_socket_directories"));
    }

    @Test
    void failedPeerAuthenticationSaysWhichUserRuns() {
        PostgresConfig config = PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), "refused", server.dataDirectory());
        assertUnsuitable(() -> PostgresConnection.open(config), "Peer authentication failed")
                .satisfies(e -> assertThat(e.hint()).contains(System.getProperty("user.name"), "pg_ident.conf"));
    }

    @Test
    void overTcpAPasswordIsNeededAndAWrongOneIsSaidToBeWrong() {
        PostgresConfig tcp = PostgresConfig.of("127.0.0.1", server.port(), "backup", server.dataDirectory());
        assertUnsuitable(() -> PostgresConnection.open(tcp), "password")
                .satisfies(e -> assertThat(e.hint()).contains("PGPASSFILE"));
        assertUnsuitable(() -> PostgresConnection.open(tcp.withPassword(new PostgresPassword("wrong"))), "password")
                .satisfies(e -> assertThat(e.hint()).contains("is wrong"));
        try (PostgresConnection connection =
                PostgresConnection.open(tcp.withPassword(new PostgresPassword("sekret")))) {
            assertThat(connection.isInRecovery()).isFalse();
        }
        assertThat(tcp.withPassword(new PostgresPassword("sekret")).toString()).doesNotContain("sekret");
        assertUnsuitable(() -> PostgresConnection.open(tcp.withTls(PostgresTls.VERIFIED)), "does not support SSL");
    }

    @Test
    void aRoleWithoutPrivilegesIsToldWhichGrantItLacks() {
        PostgresConfig backup =
                PostgresConfig.of(server.socketDirectory().toString(), server.port(), "backup", server.dataDirectory());
        assertUnsuitable(
                        () -> BackupSession.start(PostgresConnection.open(backup), "x", true, TaskMonitor.SILENT),
                        "permission denied")
                .satisfies(e -> assertThat(e.hint())
                        .contains(
                                major >= 15
                                        ? "GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean) TO backup"
                                        : "GRANT EXECUTE ON FUNCTION pg_catalog.pg_start_backup(text, boolean, boolean)"
                                                + " TO backup"));
        try (PostgresConnection connection = PostgresConnection.open(backup)) {
            assertUnsuitable(connection::facts, "read the settings")
                    .satisfies(e -> assertThat(e.hint()).contains("GRANT pg_monitor TO backup"));
        }
        server.sql("grant pg_monitor to \"Odd \"\"Role\"");
        PostgresConfig odd = PostgresConfig.of(
                server.socketDirectory().toString(), server.port(), "Odd \"Role", server.dataDirectory());
        try (PostgresConnection connection = PostgresConnection.open(odd)) {
            List<String> grants = connection.facts().role().missingGrants();
            assertThat(grants).hasSize(4).allMatch(grant -> grant.endsWith(" TO \"Odd \"\"Role\";"));
            grants.forEach(server::sql);
        }
        try (PostgresConnection connection = PostgresConnection.open(odd)) {
            assertThat(connection.facts().role().missingGrants()).isEmpty();
        }
        try (BackupSession session = BackupSession.start(PostgresConnection.open(odd), "x", true, TaskMonitor.SILENT)) {
            assertThat(session.stop(Duration.ofMinutes(1)).backupLabel()).isNotEmpty();
        }
    }

    @Test
    void anotherDataDirectoryIsRefused() throws IOException {
        Path foreign = AsPostgres.temporaryDirectory("foreign");
        Files.createDirectories(foreign.resolve("global"));
        try (PostgresConnection connection = PostgresConnection.open(config())) {
            ServerFacts facts = connection.facts();
            assertUnsuitable(() -> SameServer.prove(connection, facts, foreign), "there is no");
            Files.write(foreign.resolve("global/pg_control"), new byte[8192]);
            assertThatThrownBy(() -> SameServer.prove(connection, facts, foreign))
                    .isInstanceOfSatisfying(
                            PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OTHER_CLUSTER));
        }
    }

    @Test
    void namesInAnyEncodingAreInTheCatalogueSnapshotAndItsLimitHolds() {
        server.sql(
                "create database latin encoding 'LATIN1' template template0 locale 'C'",
                "create database ascii encoding 'SQL_ASCII' template template0 locale 'C'");
        server.sqlIn("latin", "create table \"größe\"(i int)");
        server.sqlIn("ascii", "create table \"größe\"(i int)");
        List<CatalogueRelation> relations = new ArrayList<>();
        CatalogueSnapshot.read(config(), 1_000_000, relations::add, TaskMonitor.SILENT);
        assertThat(relations)
                .filteredOn(relation -> relation.name().equals("größe"))
                .extracting(CatalogueRelation::database)
                .containsExactly("ascii", "latin");
        relations.clear();
        CatalogueSnapshot.Outcome outcome = CatalogueSnapshot.read(config(), 10, relations::add, TaskMonitor.SILENT);
        assertThat(outcome.truncated()).isTrue();
        assertThat(relations).hasSize(10);
    }

    private static PostgresConfig config() {
        return TestServers.config(server);
    }

    private static String show(PostgresConnection connection, String setting) {
        return connection.query("show", c -> {
            try (Statement statement = c.createStatement();
                    ResultSet result = statement.executeQuery("show " + setting)) {
                result.next();
                return result.getString(1);
            }
        });
    }

    private static boolean execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.execute(sql);
        }
    }

    private static org.assertj.core.api.ObjectAssert<PgbkException> assertUnsuitable(
            ThrowingCallable call, String message) {
        PgbkException failure = org.assertj.core.api.Assertions.catchThrowableOfType(PgbkException.class, call);
        assertThat(failure).hasMessageContaining(message);
        assertThat(failure.code()).isEqualTo(ErrorCode.POSTGRES_UNSUITABLE);
        return org.assertj.core.api.Assertions.assertThatObject(failure);
    }
}
