package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.restore.directory.Setting;
import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.get.ArchiveGet;
import io.pgbk.restore.get.GetResult;
import io.pgbk.restore.get.GetSource;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Restores of a real PostgreSQL 15 cluster; the names say which hazard is met. */
class RestoreServerTest {
    private static final int MAJOR = 15;
    private static final InstantSource CLOCK = InstantSource.system();

    private static RestoreSite site;
    private static Path tablespace;
    private static String label;
    private static Instant afterSecond;
    private static String middleLsn;

    @BeforeAll
    static void takeBackup() throws IOException {
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
    static void stop() {
        if (site != null) {
            site.close();
        }
    }

    // ---- helpers

    private static Path fresh() {
        return AsPostgres.temporaryDirectory("restore-").resolve("data");
    }

    private static RestoreRequest request(Path directory, RecoveryTarget target, boolean delta) {
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

    private static RestorePlan plan(ClusterCatalog catalog, RestoreRequest request) {
        return new RestorePreparation(catalog, request, CLOCK, TaskMonitor.SILENT).prepare();
    }

    private static RestoreReport restore(Path directory, RecoveryTarget target, boolean delta) {
        return new RestoreRunner(site.catalog(), CLOCK)
                .run(plan(site.catalog(), request(directory, target, delta)), TaskMonitor.SILENT);
    }

    private static PostgresServer server(Path directory) {
        AsPostgres.own(java.util.Objects.requireNonNull(directory.getParent()));
        return PostgresServer.builder(MAJOR).on(directory);
    }

    private static List<String> notesAfterPromotion(PostgresServer server) {
        server.awaitPromoted();
        return server.query("select note from t where id < 0 order by id desc").stream()
                .map(row -> String.valueOf(row.getFirst()))
                .toList();
    }

    private static void assertFails(ErrorCode code, ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .satisfies(e -> {
                    assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
                    List.of(parts).forEach(part -> assertThat(e.getMessage()).contains(part));
                });
    }

    // ---- restore

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

    private static void killAt(Path directory, int step, boolean delta) {
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
    void aStandbyIsMadeWhileItsPrimaryArchivesAndArchivesItselfWhenItIsPromoted() {
        RestorePlan standby = plan(site.catalog(), inPlace(new RecoveryRole.Standby(Optional.empty())));
        assertThat(standby.archiving()).isEqualTo(Archiving.CONTINUE);
        assertThat(standby.settings()).extracting(Setting::name).doesNotContain("archive_mode");
    }

    private static RestoreRequest inPlace(RecoveryRole role) {
        RestoreRequest request = request(fresh(), new RecoveryTarget.Latest(), false);
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

    // ---- damage

    private static Path biggestPack(ClusterCatalog catalog) throws IOException {
        try (Stream<Path> files = Files.walk(RestoreSite.directory(catalog))) {
            return files.filter(file -> file.toString().contains("/packs/") && Files.isRegularFile(file))
                    .max(java.util.Comparator.comparingLong(
                            file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    private static void flipBit(Path file) throws IOException {
        file.toFile().setWritable(true);
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 1;
        Files.write(file, content);
    }

    @Test
    void aFlippedBitFailsTheRestoreNamesTheObjectAndVerifyFindsIt() throws IOException {
        ClusterCatalog damaged = site.copy();
        Path pack = biggestPack(damaged);
        flipBit(pack);
        Path directory = fresh();
        RestorePlan plan = plan(damaged, request(directory, new RecoveryTarget.Latest(), false));
        assertFails(
                ErrorCode.OBJECT_DAMAGED, () -> new RestoreRunner(damaged, CLOCK).run(plan, TaskMonitor.SILENT), label);
        assertThat(directory.resolve("global/pg_control")).doesNotExist();
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        assertThat(report.findings()).anySatisfy(finding -> {
            assertThat(finding.kind()).isEqualTo(Finding.Kind.DAMAGED);
            assertThat(finding.backup().map(Label::value)).contains(label);
            assertThat(finding.object()).contains("packs/" + label);
        });
        assertFails(
                ErrorCode.NO_FITTING_BACKUP,
                () -> plan(damaged, request(fresh(), new RecoveryTarget.Latest(), false)),
                "damaged");
        damaged.repository().close();
    }

    @Test
    void aMissingPackFailsTheRestoreAndVerifyFindsIt() throws IOException {
        ClusterCatalog damaged = site.copy();
        Files.delete(biggestPack(damaged));
        RestorePlan plan = plan(damaged, request(fresh(), new RecoveryTarget.Latest(), false));
        assertFails(
                ErrorCode.OBJECT_MISSING, () -> new RestoreRunner(damaged, CLOCK).run(plan, TaskMonitor.SILENT), label);
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 1, 2), TaskMonitor.SILENT);
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        damaged.repository().close();
    }

    @Test
    void aHoleInTheWalIsFoundBeforeCopyingAndByVerifyAndNeverTheEnd() throws IOException {
        ClusterCatalog damaged = site.copy();
        List<Path> segments;
        try (Stream<Path> files = Files.walk(RestoreSite.directory(damaged))) {
            segments = files.filter(file -> String.valueOf(file.getFileName()).matches("[0-9A-F]{24}"))
                    .sorted()
                    .toList();
        }
        Path hole = segments.get(segments.size() - 2);
        Files.delete(hole);
        String name = String.valueOf(hole.getFileName());
        Path directory = fresh();
        assertFails(
                ErrorCode.WAL_GAP, () -> plan(damaged, request(directory, new RecoveryTarget.Latest(), false)), name);
        assertThat(directory).doesNotExist();
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.findings())
                .anySatisfy(finding -> assertThat(finding.object()).contains(name));
        // archive-get: in recovery a failure, on a standby PostgreSQL may ask again.
        Path data = AsPostgres.temporaryDirectory("get-");
        Path wal = Files.createDirectories(data.resolve("pg_wal"));
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        Path destination = wal.resolve("RECOVERYXLOG");
        assertFails(ErrorCode.WAL_GAP, () -> get(damaged, name, destination, data), name, "hole");
        Files.createFile(data.resolve("standby.signal"));
        assertThat(get(damaged, name, destination, data)).isInstanceOf(GetResult.ProvedAbsent.class);
        assertThat(destination).doesNotExist();
        damaged.repository().close();
    }

    @Test
    void verifyFindsASoundRepositorySound() {
        VerifyReport report = new VerifyRunner(site.catalog(), new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.findings()).isEmpty();
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.SOUND);
        assertThat(report.bytesChecked()).isPositive();
        assertThat(site.catalog().backups().list().getFirst().lastVerify()).isPresent();
    }

    // ---- archive-get

    private static GetResult get(ClusterCatalog catalog, String name, Path destination, Path workingDirectory) {
        return new ArchiveGet(
                        List.of(new GetSource("primary", () -> catalog)),
                        Duration.ofMillis(600),
                        catalog.repository().runtime().monotonic(),
                        TaskMonitor.SILENT)
                .get(name, destination, workingDirectory);
    }

    private static String firstSegment() {
        return site.catalog()
                .wal(site.catalog().newestIncarnation())
                .segments(1, Optional.empty())
                .next()
                .toString();
    }

    @Test
    void fetchingDeliversTheExactFileUnderARelativeNameAndProvesAbsence() throws IOException {
        Path data = AsPostgres.temporaryDirectory("get-");
        Files.createDirectories(data.resolve("pg_wal"));
        GetResult result = get(site.catalog(), firstSegment(), Path.of("pg_wal/RECOVERYXLOG"), data);
        assertThat(result).isInstanceOf(GetResult.Delivered.class);
        assertThat(Files.size(data.resolve("pg_wal/RECOVERYXLOG"))).isEqualTo(1 << 20);
        for (String absent :
                List.of("00000001000000FF00000001", "00000002.history", "00000001000000FF00000001.partial")) {
            assertThat(get(site.catalog(), absent, Path.of("pg_wal/X"), data))
                    .as(absent)
                    .isInstanceOf(GetResult.ProvedAbsent.class);
        }
        assertFails(ErrorCode.USAGE, () -> get(site.catalog(), "passwd", Path.of("pg_wal/X"), data), "not a name");
        try (Stream<Path> left = Files.list(data.resolve("pg_wal"))) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void aDamagedWalObjectIsNeverDeliveredAndAnotherRepositoryHelps() throws IOException {
        ClusterCatalog damaged = site.copy();
        String name = firstSegment();
        try (Stream<Path> files = Files.walk(RestoreSite.directory(damaged))) {
            flipBit(files.filter(file -> file.endsWith(name)).findFirst().orElseThrow());
        }
        Path data = AsPostgres.temporaryDirectory("get-");
        Path destination = data.resolve("RECOVERYXLOG");
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(damaged, name, destination, data));
        try (Stream<Path> left = Files.list(data)) {
            assertThat(left).isEmpty();
        }
        GetResult result = new ArchiveGet(
                        List.of(new GetSource("bad", () -> damaged), new GetSource("good", site::catalog)),
                        Duration.ZERO,
                        damaged.repository().runtime().monotonic(),
                        TaskMonitor.SILENT)
                .get(name, destination, data);
        assertThat(result)
                .asInstanceOf(InstanceOfAssertFactories.type(GetResult.Delivered.class))
                .extracting(GetResult.Delivered::repository)
                .isEqualTo("good");
        damaged.repository().close();
    }

    @Test
    void aFaultIsNeverAbsenceAndAHistoryIsTriedAgainOnAStandby() throws IOException {
        Path data = AsPostgres.temporaryDirectory("get-");
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        Files.createFile(data.resolve("standby.signal"));
        AtomicInteger calls = new AtomicInteger();
        GetSource broken = new GetSource("broken", () -> {
            calls.incrementAndGet();
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "no route");
        });
        ArchiveGet get = new ArchiveGet(
                List.of(new GetSource("good", site::catalog), broken),
                Duration.ofMillis(700),
                site.catalog().repository().runtime().monotonic(),
                TaskMonitor.SILENT);
        assertFails(
                ErrorCode.REPOSITORY_UNREACHABLE,
                () -> get.get("00000001000000FF00000001", Path.of("x"), data),
                "no route");
        assertThat(calls).hasValue(1);
        assertFails(
                ErrorCode.REPOSITORY_UNREACHABLE, () -> get.get("00000009.history", Path.of("x"), data), "no route");
        assertThat(calls).hasValueGreaterThan(2);
    }

    @Test
    void theServerOfAnotherClusterGetsNothing() {
        try (PostgresServer other = PostgresServer.builder(MAJOR).create()) {
            assertFails(
                    ErrorCode.OTHER_CLUSTER,
                    () -> get(site.catalog(), firstSegment(), Path.of("pg_wal/RECOVERYXLOG"), other.dataDirectory()));
            assertThat(other.dataDirectory().resolve("pg_wal/RECOVERYXLOG")).doesNotExist();
        }
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
