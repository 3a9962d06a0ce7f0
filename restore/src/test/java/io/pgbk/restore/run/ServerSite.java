package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** A real PostgreSQL 15 cluster with a tablespace, its backup and what was written since, and restores of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServerSite {
    static final int MAJOR = 15;
    static final InstantSource CLOCK = InstantSource.system();

    RestoreSite site;
    Path tablespace;
    String label;
    Instant afterSecond;
    String middleLsn;

    @SuppressWarnings("NullAway.Init") // set by takeBackup()
    ServerSite() {}

    @BeforeAll
    void takeBackup() throws IOException {
        site = new RestoreSite(MAJOR);
        PostgresServer server = site.server();
        tablespace = AsPostgres.temporaryDirectory("space-");
        server.sql("create tablespace far location '" + tablespace + "'");
        server.sql(
                "create table t (id int, note text)",
                "create table far_t (id int) tablespace far",
                "create unlogged table fast (id int)",
                "insert into t select g, repeat('x', 500) from generate_series(1, 20000) g",
                "insert into far_t select generate_series(1, 1000)",
                "insert into fast select generate_series(1, 1000)",
                "alter system set restore_command = 'false'",
                "alter system set recovery_target_time = '2001-01-01 00:00:00+00'",
                "alter system set primary_slot_name = 'old'");
        // A name that is not UTF-8, and a signal file of an earlier life.
        Files.write(server.dataDirectory().resolve("caf\u00e9"), new byte[] {1, 2, 3});
        Files.write(server.dataDirectory().resolve("standby.signal"), new byte[0]);
        AsPostgres.own(server.dataDirectory().resolve("caf\u00e9"));
        AsPostgres.own(server.dataDirectory().resolve("standby.signal"));
        label = site.backup();
        Files.delete(server.dataDirectory().resolve("standby.signal"));
        server.sql("insert into t values (-1, 'first')");
        server.sql("insert into t values (-2, 'second')");
        middleLsn = server.currentLsn();
        afterSecond = Instant.parse(server.queryOne(
                "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"));
        server.sql("insert into t values (-3, 'third')");
        server.sql("select pg_create_restore_point('before fourth')");
        server.sql("insert into t values (-4, 'fourth')");
        site.archiveEverything();
    }

    @AfterAll
    void stop() {
        if (site != null) {
            site.close();
        }
    }

    static Path fresh() {
        return AsPostgres.temporaryDirectory("restore-").resolve("data");
    }

    RestoreRequest request(Path directory, RecoveryTarget target, boolean delta) {
        return new RestoreRequest(
                new RestoreGoal(target, new TimelineChoice.Automatic(), Optional.empty()),
                directory,
                false,
                List.of(new TablespaceMapping(tablespace.toString(), directory + ".far")),
                delta,
                new RecoveryRole.Recovery(),
                TargetAction.PROMOTE,
                Optional.empty(),
                site.restoreCommand(),
                OptionalInt.empty(),
                2);
    }

    static RestorePlan plan(ClusterCatalog catalog, RestoreRequest request) {
        return new RestorePreparation(catalog, request, CLOCK, TaskMonitor.SILENT).prepare();
    }

    RestoreReport restore(Path directory, RecoveryTarget target, boolean delta) {
        return new RestoreRunner(site.catalog(), CLOCK)
                .run(plan(site.catalog(), request(directory, target, delta)), TaskMonitor.SILENT);
    }

    static PostgresServer server(Path directory) {
        AsPostgres.own(java.util.Objects.requireNonNull(directory.getParent()));
        return PostgresServer.builder(MAJOR).on(directory);
    }

    static List<String> notesAfterPromotion(PostgresServer server) {
        server.awaitPromoted();
        return server.query("select note from t where id < 0 order by id desc").stream()
                .map(row -> String.valueOf(row.getFirst()))
                .toList();
    }

    static void assertFails(ErrorCode code, ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .satisfies(e -> {
                    assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
                    List.of(parts).forEach(part -> assertThat(e.getMessage()).contains(part));
                });
    }
}
