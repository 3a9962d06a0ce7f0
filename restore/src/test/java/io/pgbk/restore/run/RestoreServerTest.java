package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.restore.directory.Setting;
import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Restores of a real PostgreSQL 15 cluster; the names say which hazard is met. */
class RestoreServerTest extends ServerSite {
    @Test
    void restoresToTheEndOnAnEmptyDirectoryWithTablespaceMappedAndOldRecoverySettingsNeutralised() throws IOException {
        Path directory = fresh();
        RestoreReport report = restore(directory, new RecoveryTarget.Latest(), false);
        assertThat(report.bytesWritten()).isPositive();
        assertThat(Files.getPosixFilePermissions(directory)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(Files.getPosixFilePermissions(directory.resolve("PG_VERSION")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Files.readAllBytes(directory.resolve("caf\u00e9"))).containsExactly(1, 2, 3);
        assertThat(directory.resolve("standby.signal")).doesNotExist();
        assertThat(directory.resolve("recovery.signal")).exists();
        String conf = Files.readString(directory.resolve("postgresql.auto.conf"));
        assertThat(conf).doesNotContain("2001-01-01").doesNotContain("'false'").contains("archive_mode = 'off'");
        verifyBackup(directory);
        Path link;
        try (Stream<Path> links = Files.list(directory.resolve("pg_tblspc"))) {
            link = links.findFirst().orElseThrow();
        }
        assertThat(Files.readSymbolicLink(link)).isEqualTo(Path.of(directory + ".far"));
        try (PostgresServer restored = server(directory)) {
            restored.start();
            assertThat(notesAfterPromotion(restored)).containsExactly("first", "second", "third", "fourth");
            assertThat(restored.queryOne("select count(*) from far_t")).isEqualTo("1000");
            assertThat(restored.queryOne("select count(*) from fast")).isEqualTo("0");
            assertThat(restored.queryOne("show archive_mode")).isEqualTo("off");
            assertThat(restored.queryOne("select pg_tablespace_location(oid) from pg_tablespace where spcname = 'far'"))
                    .isEqualTo(directory + ".far");
        }
    }

    private static void verifyBackup(Path directory) {
        Optional<Path> tool = Tools.find(MAJOR, "pg_verifybackup");
        assumeThat(tool).as("pg_verifybackup of PostgreSQL 15 is not installed").isPresent();
        AsPostgres.own(java.util.Objects.requireNonNull(directory.getParent()));
        AsPostgres.run(tool.get().toString(), "--no-parse-wal", directory.toString())
                .orThrow();
    }

    @Test
    void stopsAtATimeBetweenTwoCommits() {
        Path directory = fresh();
        restore(directory, new RecoveryTarget.Time(afterSecond, false), false);
        try (PostgresServer restored = server(directory)) {
            restored.start();
            assertThat(notesAfterPromotion(restored)).containsExactly("first", "second");
        }
    }

    @Test
    void stopsAtARestorePointAndAtAnLsn() {
        Path directory = fresh();
        restore(directory, new RecoveryTarget.Name("before fourth"), false);
        try (PostgresServer restored = server(directory)) {
            restored.start();
            assertThat(notesAfterPromotion(restored)).containsExactly("first", "second", "third");
            restored.stop();
        }
        // Again in the same directory, to another target.
        RestoreReport again = restore(directory, new RecoveryTarget.LsnTarget(Lsn.parse(middleLsn), true), true);
        assertThat(again.bytesWritten()).isLessThan(again.plan().databaseBytes());
        try (PostgresServer restored = server(directory)) {
            restored.start();
            assertThat(notesAfterPromotion(restored)).containsExactly("first", "second");
        }
    }

    @Test
    void removingTheBackupLabelCannotStartARestoredDirectory() throws IOException {
        Path directory = fresh();
        restore(directory, new RecoveryTarget.Latest(), false);
        Files.delete(directory.resolve("backup_label"));
        Files.delete(directory.resolve("recovery.signal"));
        try (PostgresServer restored = server(directory)) {
            restored.startWithoutWaiting();
            assertThat(restored.awaitEnd()).isNotZero();
        }
    }

    @Test
    void killedAtAnyInstantItCannotBeStartedAndDeltaContinues() throws IOException {
        AtomicInteger changes = new AtomicInteger();
        Path counted = fresh();
        new RestoreRunner(site.catalog(), CLOCK, change -> changes.incrementAndGet())
                .run(plan(site.catalog(), request(counted, new RecoveryTarget.Latest(), false)), TaskMonitor.SILENT);
        Path directory = fresh();
        boolean delta = false;
        int total = changes.get();
        int last = 0;
        for (int step = 1; step < total; step = Math.max(step + 1, step * 5 / 3)) {
            killAt(directory, step, delta);
            delta = true;
            last = step;
        }
        for (int beforeEnd = 8; beforeEnd >= 4; beforeEnd--) {
            // A delta makes fewer changes: count from the front until the end is reached.
            last = Math.max(1, last / 2);
            killAt(directory, last, true);
        }
        restore(directory, new RecoveryTarget.Latest(), true);
        try (PostgresServer restored = server(directory)) {
            restored.start();
            assertThat(notesAfterPromotion(restored)).containsExactly("first", "second", "third", "fourth");
        }
    }

    /** Killed after it, a restore is complete and leaves nothing over; killed before it, it cannot be started. */
    @Test
    void theLastChangeOfARestoreIsTheRenameThatLetsItBeStarted() throws IOException {
        Path directory = fresh();
        List<String> changes = new CopyOnWriteArrayList<>();
        new RestoreRunner(site.catalog(), CLOCK, changes::add)
                .run(plan(site.catalog(), request(directory, new RecoveryTarget.Latest(), false)), TaskMonitor.SILENT);
        Path control = directory.resolve("global/pg_control");
        assertThat(changes)
                .endsWith("rename " + control + ".pgbk-restore to " + control, "fsync " + control.getParent());
        assertThat(Path.of(control + ".pgbk-restore")).doesNotExist();
        assertThat(control).exists();
    }

    private void killAt(Path directory, int step, boolean delta) {
        AtomicInteger left = new AtomicInteger(step);
        RestoreRunner killed = new RestoreRunner(site.catalog(), CLOCK, change -> {
            if (left.decrementAndGet() < 0) {
                throw new IllegalStateException("killed");
            }
        });
        RestorePlan plan = plan(site.catalog(), request(directory, new RecoveryTarget.Latest(), delta));
        assertThatThrownBy(() -> killed.run(plan, TaskMonitor.SILENT)).hasMessageContaining("killed");
        assertThat(directory.resolve("global/pg_control")).doesNotExist();
    }

    @Test
    void deltaReplacesWhatIsWrongAndRemovesWhatIsNotInTheBackup() throws IOException {
        Path directory = fresh();
        restore(directory, new RecoveryTarget.Latest(), false);
        Path version = directory.resolve("PG_VERSION");
        Files.writeString(version, "99\n");
        Files.createDirectories(directory.resolve("base/77777"));
        Files.writeString(directory.resolve("base/77777/1"), "foreign");
        Files.writeString(directory.resolve("pg_wal/000000090000000000000001"), "stale");
        Files.createSymbolicLink(directory.resolve("base/link"), Path.of("/etc"));
        Path log = Files.createDirectories(directory.resolve("log"));
        Files.writeString(log.resolve("old.log"), "kept");
        RestoreReport report = restore(directory, new RecoveryTarget.Latest(), true);
        assertThat(Files.readString(version)).isEqualTo("15\n");
        assertThat(directory.resolve("base/77777")).doesNotExist();
        assertThat(directory.resolve("pg_wal/000000090000000000000001")).doesNotExist();
        assertThat(directory.resolve("base/link")).doesNotExist();
        assertThat(log.resolve("old.log")).exists();
        assertThat(Path.of("/etc/passwd")).exists();
        assertThat(report.bytesWritten()).isLessThan(100_000);
        assertThat(Files.exists(directory.resolve("global/pg_control.pgbk-restore"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
    }

    @Test
    void aTargetDirectoryThatIsNotEmptyOrInUseOrForeignIsRefusedBeforeAnyByte() throws IOException {
        Path foreign = AsPostgres.temporaryDirectory("foreign-");
        Files.writeString(foreign.resolve("diary.txt"), "mine");
        RecoveryTarget latest = new RecoveryTarget.Latest();
        assertFails(
                ErrorCode.TARGET_UNSUITABLE,
                () -> plan(site.catalog(), request(foreign, latest, false)),
                "is not empty");
        assertFails(
                ErrorCode.TARGET_UNSUITABLE,
                () -> plan(site.catalog(), request(foreign, latest, true)),
                "not recognisably a PostgreSQL");
        assertFails(
                ErrorCode.TARGET_UNSUITABLE,
                () -> plan(site.catalog(), request(site.server().dataDirectory(), latest, true)),
                "running server");
        assertThat(foreign.resolve("diary.txt")).exists();
        PostgresServer other = PostgresServer.builder(MAJOR).create();
        try (other) {
            assertFails(
                    ErrorCode.OTHER_CLUSTER,
                    () -> plan(site.catalog(), request(other.dataDirectory(), latest, true)),
                    "system identifier");
        }
    }

    @Test
    void tablespacesNeverGoWhereSomethingElseLives() {
        Path directory = fresh();
        RestoreRequest mapped = request(directory, new RecoveryTarget.Latest(), false);
        assertFails(
                ErrorCode.TABLESPACE_CONFLICT,
                () -> plan(site.catalog(), withTablespaces(mapped, List.of())),
                "not empty",
                tablespace.toString());
        assertFails(
                ErrorCode.TABLESPACE_CONFLICT,
                () -> plan(
                        site.catalog(),
                        withTablespaces(
                                mapped, List.of(new TablespaceMapping(tablespace.toString(), directory + "/in")))),
                "inside the data directory");
        assertFails(
                ErrorCode.USAGE,
                () -> plan(
                        site.catalog(), withTablespaces(mapped, List.of(new TablespaceMapping("/nowhere", "/tmp/x")))),
                "has no tablespace");
        assertThat(directory).doesNotExist();
    }

    private static RestoreRequest withTablespaces(RestoreRequest request, List<TablespaceMapping> tablespaces) {
        return new RestoreRequest(
                request.goal(),
                request.dataDirectory(),
                request.configuredDirectory(),
                tablespaces,
                request.delta(),
                request.role(),
                request.action(),
                request.archiving(),
                request.restoreCommand(),
                request.incarnation(),
                request.parallel());
    }

    @Test
    void archivingIntoALivingArchiveIsRefused() {
        assertFails(
                ErrorCode.REFUSED_BY_POLICY,
                () -> plan(site.catalog(), inPlace(new RecoveryRole.Recovery())),
                "less than 10 minutes ago");
    }

    @Test
    void archivingIntoAnArchiveWhoseNewestWalCannotBeReadIsRefusedWithAWayOut() throws IOException {
        ClusterCatalog damaged = site.copy();
        Path newest;
        try (Stream<Path> files = Files.walk(RestoreSite.directory(damaged))) {
            newest = files.filter(file -> String.valueOf(file.getFileName()).matches("[0-9A-F]{24}"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
        Files.write(newest, new byte[30]);
        RestoreRequest inPlace = inPlace(new RecoveryRole.Recovery(), new RecoveryTarget.Immediate());
        assertThatThrownBy(() -> plan(damaged, inPlace)).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
            assertThat(e.getMessage()).contains(String.valueOf(newest.getFileName()));
            assertThat(e.hint()).contains("--archiving off");
        });
        damaged.repository().close();
    }

    @Test
    void aStandbyIsMadeWhileItsPrimaryArchivesAndArchivesItselfWhenItIsPromoted() {
        RestorePlan standby = plan(site.catalog(), inPlace(new RecoveryRole.Standby(Optional.empty())));
        assertThat(standby.archiving()).isEqualTo(Archiving.CONTINUE);
        assertThat(standby.settings()).extracting(Setting::name).doesNotContain("archive_mode");
    }

    private RestoreRequest inPlace(RecoveryRole role) {
        return inPlace(role, new RecoveryTarget.Latest());
    }

    private RestoreRequest inPlace(RecoveryRole role, RecoveryTarget target) {
        RestoreRequest request = request(fresh(), target, false);
        return new RestoreRequest(
                request.goal(),
                request.dataDirectory(),
                true,
                request.tablespaces(),
                false,
                role,
                request.action(),
                Optional.empty(),
                request.restoreCommand(),
                request.incarnation(),
                1);
    }

    @Test
    void aDryRunPrintsThePlanAndWritesNothing() {
        Path directory = fresh();
        RestorePlan plan = plan(site.catalog(), request(directory, new RecoveryTarget.Latest(), false));
        assertThat(plan.describe()).anySatisfy(line -> assertThat(line).contains(label));
        assertThat(directory).doesNotExist();
    }

    @Test
    void aRestoredCopyNeverReplaysCreateTablespaceIntoADirectoryThatIsHere() throws IOException {
        try (RestoreSite other = new RestoreSite(MAJOR)) {
            other.backup();
            Path space = AsPostgres.temporaryDirectory("space-");
            String before = other.server().currentLsn();
            other.server().sql("create tablespace later location '" + space + "'");
            other.archiveEverything();
            RestoreRequest request = withTablespaces(request(fresh(), new RecoveryTarget.Latest(), false), List.of());
            assertFails(
                    ErrorCode.TABLESPACE_CONFLICT, () -> plan(other.catalog(), request), space.toString(), "replaying");
            RestoreRequest earlier = withTablespaces(
                    request(fresh(), new RecoveryTarget.LsnTarget(Lsn.parse(before), false), false), List.of());
            assertThat(plan(other.catalog(), earlier).recovery().createdTablespaces())
                    .isEmpty();
        }
    }
}
