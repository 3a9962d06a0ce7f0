package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;

/**
 * A cluster after pg_upgrade: for pgbk that is a new system identifier and a newer major version under the old name, as
 * any newer cluster that is called the same by mistake.
 */
class UpgradedClusterTest {
    private static final int OLD = 13;
    private static final int NEW = 18;

    private static void assertFails(ErrorCode code, ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .satisfies(e -> {
                    assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
                    List.of(parts)
                            .forEach(part ->
                                    assertThat(e.getMessage() + e.hint()).contains(part));
                });
    }

    private static List<String> listed(ClusterCatalog catalog) {
        return catalog.backups().list().stream()
                .map(BackupRecord::label)
                .map(label -> label.value())
                .toList();
    }

    @Test
    void afterPgUpgradeANewIncarnationIsAddedOnRequestAndOldBackupsStayRestorable() {
        try (RestoreSite old = new RestoreSite(OLD)) {
            String oldBackup = life(old, "before the upgrade");
            try (RestoreSite upgraded = old.impostor(PostgresServer.builder(NEW))) {
                refusedUntilInitUpgrade(upgraded, old);
                upgraded.startArchiving();
                String newBackup = life(upgraded, "after the upgrade");
                assertThat(listed(old.catalog())).containsExactly(oldBackup, newBackup);
                // The old server, started again by mistake, still archives to where it belongs.
                old.archiveEverything();

                TestRestore newest = TestRestore.of(upgraded, TestRestore.fresh());
                assertThat(newest.plan().label().value()).isEqualTo(newBackup);
                assertRestores(newest, PostgresServer.builder(NEW), "after the upgrade");
                TestRestore oldest = TestRestore.of(old, TestRestore.fresh()).backup(oldBackup);
                assertRestores(oldest, PostgresServer.builder(OLD), "before the upgrade");
                // The directory of one is no place for a delta restore of the other.
                Path oldDirectory = old.server().dataDirectory();
                old.server().stop();
                assertFails(
                        ErrorCode.OTHER_CLUSTER,
                        () -> TestRestore.of(upgraded, oldDirectory).delta().plan(),
                        "system identifier");
            }
        }
    }

    private static void refusedUntilInitUpgrade(RestoreSite upgraded, RestoreSite old) {
        String identifier = upgraded.identity().systemIdentifierText();
        assertFails(
                ErrorCode.OTHER_CLUSTER,
                () -> upgraded.catalog().join(upgraded.identity()),
                identifier,
                old.identity().systemIdentifierText(),
                "init --upgrade");
        List<String> before = listed(old.catalog());
        assertFails(ErrorCode.OTHER_CLUSTER, upgraded::backup, identifier);
        assertThat(listed(old.catalog())).isEqualTo(before);
        // A cluster that is called the same by mistake meets a living one.
        assertFails(
                ErrorCode.REFUSED_BY_POLICY,
                () -> upgraded.catalog().upgrade(upgraded.identity()),
                "it seems to live",
                "a name of its own");
        try (PostgresServer same = PostgresServer.builder(OLD).create()) {
            assertFails(
                    ErrorCode.REFUSED_BY_POLICY,
                    () -> old.catalog().upgrade(RestoreSite.identity(same)),
                    "that is no upgrade");
        }
        // More than an hour after the old server's last WAL.
        ClusterCatalog later = upgraded.openLater(Duration.ofMinutes(61));
        assertThat(later.upgrade(upgraded.identity()).created()).isTrue();
        assertThat(later.upgrade(upgraded.identity()).created()).isFalse();
        assertThat(upgraded.catalog().newestIncarnation().number()).isEqualTo(2);
        later.repository().close();
    }

    private static String life(RestoreSite site, String note) {
        site.server().sql("create table t (note text)", "insert into t values ('" + note + "')");
        String label = site.backup();
        site.archiveEverything();
        return label;
    }

    private static void assertRestores(TestRestore restore, PostgresServerOptions options, String note) {
        restore.run();
        try (PostgresServer server = restore.server(options)) {
            server.start();
            server.awaitPromoted();
            assertThat(server.queryOne("select note from t")).isEqualTo(note);
            assertThat(Map.of("timeline", server.queryOne("select timeline_id from pg_control_checkpoint()")))
                    .containsEntry("timeline", "2");
        }
    }
}
