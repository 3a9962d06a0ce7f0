package io.pgbk.postgres.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Backup mode on the oldest and the newest version. */
@ParameterizedClass
@ValueSource(ints = {13, 18})
class BackupSessionTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    @Parameter
    int major;

    @BeforeParameterizedClassInvocation
    static void startTheServer(int major) {
        server = PostgresServer.start(major);
    }

    @AfterParameterizedClassInvocation
    static void stopTheServer() {
        server.close();
    }

    @Test
    void aSpreadCheckpointCanBeCancelledAndTheServerLeavesBackupMode() {
        makeDirtyPages();
        AtomicBoolean cancelled = new AtomicBoolean();
        TaskMonitor monitor = new TaskMonitor() {
            private int asked;

            @Override
            public void checkCancelled() {
                if (++asked == 4) {
                    cancelled.set(true);
                    throw new PgbkException(ErrorCode.INTERRUPTED, "enough");
                }
            }
        };
        assertThatThrownBy(() -> BackupSession.start(open(), "cancelled", false, monitor))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
        assertThat(cancelled).isTrue();
        assertNoSessionIsLeft();
    }

    @Test
    void anInterruptedThreadGivesUpTheStart() throws InterruptedException {
        makeDirtyPages();
        List<Throwable> thrown = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try (BackupSession session = BackupSession.start(open(), "interrupted", false, TaskMonitor.SILENT)) {
                thrown.add(new AssertionError("started " + session.startLsn()));
            } catch (PgbkException e) {
                thrown.add(e);
            }
        });
        server.await("select count(*) > 0 from pg_stat_activity where application_name = 'pgbk'"
                + " and query like '%backup%' and state = 'active'");
        thread.interrupt();
        thread.join();
        assertThat(thrown)
                .singleElement()
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
        assertNoSessionIsLeft();
    }

    @Test
    void closingWithoutStopAbortsTheBackup() {
        try (BackupSession session = BackupSession.start(open(), "aborted", true, TaskMonitor.SILENT)) {
            assertThat(session.isStopped()).isFalse();
        }
        assertNoSessionIsLeft();
    }

    @Test
    void aBrokenSessionIsNoticedAndNamed() {
        try (BackupSession session = BackupSession.start(open(), "broken", true, TaskMonitor.SILENT)) {
            server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgbk'");
            assertUnsuitable(session::checkAlive, "continue the backup");
        }
    }

    @Test
    void labelAndTablespaceMapArriveByteForByteAlsoWithNamesThatAreNotUtf8() throws IOException {
        String backslash = major >= 14 ? "\\\\" : "\\"; // 13 escapes only the ends of lines
        Path spaces = AsPostgres.temporaryDirectory("space");
        Path plain = AsPostgres.createDirectory(spaces.resolve("plain"));
        try (PostgresServer other = PostgresServer.start(major)) {
            other.sql("create tablespace elsewhere location '" + plain + "'");
            Path link = other.dataDirectory()
                    .resolve(
                            "pg_tblspc/" + other.queryOne("select oid from pg_tablespace where spcname = 'elsewhere'"));
            other.stop();
            String characters = spaces + "/caf\u00e9 back\\slash\nnew\u00ff";
            Path strange = FileNames.toPath(characters);
            Files.move(plain, strange);
            Files.delete(link);
            Files.createSymbolicLink(link, strange);
            other.start();
            other.sql("create database ascii encoding 'SQL_ASCII' template template0 locale 'C'");
            for (String database : List.of("postgres", "ascii")) {
                PostgresConfig config = TestServers.config(other).withDatabase(database);
                try (PostgresConnection connection = PostgresConnection.open(config)) {
                    assertThat(connection.facts().tablespaces()).singleElement().satisfies(tablespace -> {
                        assertThat(tablespace.location()).isEqualTo(characters);
                        assertThat(tablespace.isInPlace()).isFalse();
                    });
                }
                try (BackupSession session =
                        BackupSession.start(PostgresConnection.open(config), "caf\u00e9", true, TaskMonitor.SILENT)) {
                    BackupStop stop = session.stop(MINUTE);
                    assertThat(new String(stop.tablespaceMap(), StandardCharsets.ISO_8859_1))
                            .endsWith(" " + spaces + "/caf\u00e9 back" + backslash + "slash\\\nnew\u00ff\n");
                    assertThat(new String(stop.backupLabel(), StandardCharsets.UTF_8))
                            .contains("LABEL: caf\u00e9\n");
                }
            }
        } finally {
            AsPostgres.deleteTree(spaces);
        }
    }

    @Test
    void aBackupOfAStandbyThatIsPromotedMeanwhileIsRefused() {
        try (PostgresServer standby = server.createStandby()) {
            standby.start();
            PostgresConfig config = TestServers.config(standby);
            server.sql("checkpoint");
            standby.awaitCaughtUp(server);
            try (BackupSession session =
                    BackupSession.start(PostgresConnection.open(config), "of a standby", true, TaskMonitor.SILENT)) {
                assertThat(session.startedOnStandby()).isTrue();
                BackupStop stop = session.stop(MINUTE);
                assertThat(new String(stop.backupLabel(), StandardCharsets.UTF_8))
                        .contains("BACKUP FROM: standby");
                assertThat(stop.stopTimeline()).isEqualTo(1);
                assertThat(stop.stopLsn()).isGreaterThanOrEqualTo(session.startLsn());
            }
            try (PostgresConnection connection = PostgresConnection.open(config)) {
                ServerFacts facts = connection.facts();
                assertThat(facts.inRecovery()).isTrue();
                assertThat(facts.fullPageWrites()).isTrue();
                StandbyFacts state = connection.standbyFacts().orElseThrow();
                assertThat(state.upstream())
                        .hasValueSatisfying(upstream ->
                                assertThat(upstream.receivedTimeline()).isEqualTo(1));
                assertThat(state.minRecoveryPoint().timeline()).isEqualTo(1);
                assertThat(state.replayPaused()).isFalse();
                assertThat(connection.walPosition().lsn()).isGreaterThanOrEqualTo(state.replayed());
                SameServer.prove(connection, facts, standby.dataDirectory());
                assertUnsuitable(
                        () -> SameServer.prove(connection, facts, server.dataDirectory()),
                        "is not the one that runs in");
                assertUnsuitable(connection::switchWal, "switch the WAL segment");
            }
            try (BackupSession session =
                    BackupSession.start(PostgresConnection.open(config), "promoted", true, TaskMonitor.SILENT)) {
                standby.promote();
                assertThatThrownBy(session::checkAlive)
                        .isInstanceOfSatisfying(
                                PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));
                assertThatThrownBy(() -> session.stop(MINUTE))
                        .isInstanceOfSatisfying(
                                PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ROLE_CHANGED));
            }
        }
    }

    /** So many that a spread checkpoint takes its time. */
    private static void makeDirtyPages() {
        server.sql(
                "create table if not exists dirty(i int, filler text)",
                "insert into dirty select i, repeat('x', 500) from generate_series(1, 15000) i");
    }

    private PostgresConnection open() {
        return PostgresConnection.open(TestServers.config(server));
    }

    private void assertNoSessionIsLeft() {
        server.await("select count(*) = 0 from pg_stat_activity where application_name = 'pgbk'");
    }

    private static void assertUnsuitable(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.POSTGRES_UNSUITABLE))
                .hasMessageContaining(message);
    }
}
