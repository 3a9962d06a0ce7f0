package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Restores that meet a mixed-up repository, a full disk, SIGKILL and a wrong clock: nothing half can be started. */
class RestoreDamageTest {
    private static final int MAJOR = 15;

    private static RestoreSite site;
    private static String first;
    private static String second;

    @BeforeAll
    static void takeTwoBackups() {
        site = new RestoreSite(MAJOR);
        site.server().sql("create table t as select g as id, md5(g::text) as note from generate_series(1, 50000) g");
        first = site.backup();
        site.server().sql("insert into t select g, md5(g::text) from generate_series(50001, 60000) g");
        second = site.backup();
        site.archiveEverything();
    }

    @AfterAll
    static void stop() {
        if (site != null) {
            site.close();
        }
    }

    private static void assertFails(ErrorCode code, ThrowableAssert.ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .asInstanceOf(InstanceOfAssertFactories.type(PgbkException.class))
                .satisfies(e -> {
                    assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
                    List.of(parts).forEach(part -> assertThat(e.getMessage()).contains(part));
                });
    }

    /** PostgreSQL itself says that the directory is nothing to start from. */
    private static void assertCannotBeStarted(TestRestore restore, Path directory) {
        assertThat(directory.resolve("global/pg_control")).doesNotExist();
        if (!Files.exists(directory.resolve("PG_VERSION"))) {
            return;
        }
        try (PostgresServer server = restore.server(PostgresServer.builder(MAJOR))) {
            server.startWithoutWaiting();
            assertThat(server.awaitEnd()).isNotZero();
        }
    }

    private static void assertStartsWithEverything(TestRestore restore) {
        try (PostgresServer server = restore.server(PostgresServer.builder(MAJOR))) {
            server.start();
            server.awaitPromoted();
            assertThat(server.queryOne("select count(*) || ' ' || count(distinct note) from t"))
                    .isEqualTo("60000 60000");
        }
    }

    // ---- a mixed-up repository

    private static List<Path> packs(ClusterCatalog catalog, String label) throws IOException {
        Path folder = RestoreSite.directory(catalog).resolve("clusters/main/packs/" + label);
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static void replace(Path file, Path by) throws IOException {
        byte[] content = Files.readAllBytes(by);
        file.toFile().setWritable(true);
        Files.write(file, content);
    }

    @Test
    void twoPacksThatWereSwappedFailTheRestoreAndAreNamed() throws IOException {
        ClusterCatalog mixed = site.copy();
        List<Path> packs = packs(mixed, second);
        assertThat(packs).as("packs of the backup").hasSizeGreaterThan(1);
        Path kept = Files.createTempFile("pack", "");
        Files.copy(packs.get(0), kept, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        replace(packs.get(0), packs.get(1));
        replace(packs.get(1), kept);
        Files.delete(kept);
        Path directory = assertRestoreFailsOn(mixed, "packs/" + second);
        // With the sound repository the same directory is completed: nothing wrong stays in it.
        TestRestore sound = TestRestore.of(site, directory).delta();
        sound.run();
        assertStartsWithEverything(sound);
    }

    @Test
    void thePackOfAnotherBackupFailsTheRestoreAndIsNamed() throws IOException {
        ClusterCatalog mixed = site.copy();
        replace(packs(mixed, second).getFirst(), packs(mixed, first).getFirst());
        assertRestoreFailsOn(mixed, "packs/" + second);
    }

    @Test
    void aPackWithoutItsLastFramesFailsTheRestoreAndIsNamed() throws IOException {
        ClusterCatalog cut = site.copy();
        Path pack = packs(cut, second).getFirst();
        pack.toFile().setWritable(true);
        try (FileChannel channel = FileChannel.open(pack, java.nio.file.StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertRestoreFailsOn(cut, "packs/" + second);
    }

    private static Path assertRestoreFailsOn(ClusterCatalog catalog, String object) {
        Path directory = TestRestore.fresh();
        TestRestore restore = TestRestore.of(site, catalog, directory);
        RestorePlan plan = restore.plan();
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> restore.run(plan), object, second);
        assertCannotBeStarted(restore, directory);
        catalog.repository().close();
        return directory;
    }

    @Test
    void theManifestOfAnotherBackupIsRefusedBeforeAnyByteAndNamed() throws IOException {
        ClusterCatalog mixed = site.copy();
        Path backups = RestoreSite.directory(mixed).resolve("clusters/main/backups");
        replace(
                backups.resolve(second).resolve("manifest/" + generation(mixed)),
                backups.resolve(first).resolve("manifest/" + generation(mixed)));
        Path directory = TestRestore.fresh();
        assertFails(
                ErrorCode.OBJECT_DAMAGED,
                () -> TestRestore.of(site, mixed, directory).backup(second).plan(),
                "backups/" + second + "/manifest");
        assertThat(directory).doesNotExist();
        mixed.repository().close();
    }

    private static Label label(String text) {
        return Label.parse(text).orElseThrow();
    }

    private static String generation(ClusterCatalog catalog) throws IOException {
        try (Stream<Path> files =
                Files.list(RestoreSite.directory(catalog).resolve("clusters/main/backups/" + second + "/manifest"))) {
            return String.valueOf(files.findFirst().orElseThrow().getFileName());
        }
    }

    @Test
    void theSummaryOfAnotherBackupIsNotListedAndTheOtherBackupsAre() throws IOException {
        ClusterCatalog mixed = site.copy();
        Path backups = RestoreSite.directory(mixed).resolve("clusters/main/backups");
        replace(
                backups.resolve(second).resolve("backup"),
                backups.resolve(first).resolve("backup"));
        assertThat(mixed.backups().listing().damaged()).containsOnlyKeys(label(second));
        assertThat(mixed.backups().list())
                .extracting(backup -> backup.label().value())
                .containsExactly(first);
        mixed.repository().close();
    }

    // ---- content that is not what the live cluster had

    /** The manifest is sealed with the right key, and its frames too; only the content is that of another file. */
    @Test
    void aRestoredFileThatDiffersFromTheDigestTakenAtBackupTimeFailsTheRestoreAndFileAndBackupAreNamed() {
        ClusterCatalog copy = site.copy();
        Path directory = TestRestore.fresh();
        TestRestore restore = TestRestore.of(site, copy, directory).backup(second);
        RestorePlan doctored = withExchangedContent(copy, restore.plan(), "base/1/2608", "base/5/2608");
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> restore.run(doctored), "/2608", second);
        assertCannotBeStarted(restore, directory);
        copy.repository().close();
    }

    private static RestorePlan withExchangedContent(
            ClusterCatalog catalog, RestorePlan plan, String one, String other) {
        String key = plan.manifestKey() + "9";
        Repository repository = catalog.repository();
        try (ManifestReader manifest = ManifestReader.open(
                        repository.store(), repository.keys(), plan.manifestKey(), plan.manifestBytes());
                ObjectUpload upload = repository.store().upload(key);
                ManifestWriter writer = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        key,
                        repository.runtime().compression(),
                        repository.runtime().random(),
                        manifest.facts(),
                        manifest.packs())) {
            FileEntry first = manifest.find(Bytes.utf8(one)).orElseThrow();
            FileEntry second = manifest.find(Bytes.utf8(other)).orElseThrow();
            assertThat(first.size()).as("files of one size").isEqualTo(second.size());
            manifest.files().forEachRemaining(entry -> {
                if (entry.path().equals(first.path())) {
                    writer.add(withContent(first, second));
                } else if (entry.path().equals(second.path())) {
                    writer.add(withContent(second, first));
                } else {
                    writer.add(entry);
                }
            });
            long length = writer.finish().length();
            upload.complete();
            return withManifest(plan, key, length);
        }
    }

    private static FileEntry withContent(FileEntry of, FileEntry from) {
        return FileEntry.file(of.path(), of.mode(), of.modifiedMicros(), of.size(), from.extents(), of.windows());
    }

    private static RestorePlan withManifest(RestorePlan plan, String key, long length) {
        return new RestorePlan(
                plan.recovery(),
                plan.label(),
                plan.incarnation(),
                key,
                length,
                plan.dataDirectory(),
                plan.reuse(),
                plan.tablespaces(),
                plan.configuration(),
                plan.settings(),
                plan.role(),
                plan.archiving(),
                plan.files(),
                plan.databaseBytes(),
                plan.parallel(),
                plan.notes());
    }

    // ---- a full disk

    @Test
    void aDiskThatIsFullBeforeOrDuringTheRestoreIsSaidAndDeltaContinuesWhenThereIsRoom() throws Exception {
        Path mount = AsPostgres.temporaryDirectory("small-");
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=80m,mode=0700", "tmpfs", mount.toString()) == 0,
                "NOT TESTED: a really full file system, mount needs root");
        try {
            AsPostgres.own(mount);
            Path directory = mount.resolve("data");
            Path ballast = mount.resolve("ballast");
            fill(ballast, 70);
            assertFails(
                    ErrorCode.NO_SPACE, () -> TestRestore.of(site, directory).plan(), "bytes free");
            assertThat(ErrorCode.NO_SPACE.exit()).isEqualTo(63);
            assertThat(directory).doesNotExist();

            Files.delete(ballast);
            TestRestore restore = TestRestore.of(site, directory);
            RestorePlan plan = restore.plan();
            fill(ballast, 70); // somebody else was faster
            assertFails(ErrorCode.NO_SPACE, () -> restore.run(plan), directory.toString());
            assertCannotBeStarted(restore, directory);
            TestRestore again = TestRestore.of(site, directory).delta();
            assertFails(ErrorCode.NO_SPACE, again::run);
            assertCannotBeStarted(restore, directory);

            Files.delete(ballast);
            TestRestore last = TestRestore.of(site, directory).delta();
            last.run();
            assertStartsWithEverything(last);
        } finally {
            assertThat(run("umount", mount.toString())).isZero();
        }
    }

    private static void fill(Path file, int mebibytes) throws IOException {
        try (RandomAccessFile ballast = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < mebibytes; i++) {
                ballast.write(new byte[1 << 20]);
            }
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    // ---- SIGKILL

    @Test
    void killedWithSigkillAtRandomMomentsItCannotBeStartedAndDeltaContinues() throws Exception {
        AtomicInteger changes = new AtomicInteger();
        Path counted = TestRestore.fresh();
        new RestoreRunner(site.catalog(), InstantSource.system(), change -> changes.incrementAndGet())
                .run(TestRestore.of(site, counted).plan(), io.pgbk.task.TaskMonitor.SILENT);
        long seed = Long.getLong("pgbk.seed", 20_261_121);
        Random random = new Random(seed);
        Path directory = TestRestore.fresh();
        TestRestore restore = TestRestore.of(site, directory).delta();
        // The first change makes the directory; a continued restore makes fewer, at least 30 for the files at its end.
        int[] moments = {
            1 + random.nextInt(4), changes.get() / 3 + random.nextInt(changes.get() / 3), 5 + random.nextInt(20)
        };
        boolean delta = false;
        for (int moment : moments) {
            RestoreProcess.killAt(
                    RestoreSite.directory(site.catalog()), directory, site.restoreCommand(), delta, moment);
            delta = Files.exists(directory);
            if (delta) {
                assertCannotBeStarted(restore, directory);
            }
        }
        restore.run();
        assertStartsWithEverything(restore);
    }

    // ---- clocks

    @Test
    void withAClockThatIsAYearAheadNothingIsRemovedAndBackupsKeepTheirOrder() {
        ClusterCatalog ahead = site.openWithClockAhead(Duration.ofDays(365));
        assertFails(ErrorCode.REFUSED_BY_POLICY, () -> ahead.backups().purge(), "clock");
        assertFails(
                ErrorCode.REFUSED_BY_POLICY, () -> ahead.backups().delete(label(first), Duration.ZERO, true), "clock");
        String fromTheFuture = site.backup(ahead);
        assertThat(fromTheFuture).isGreaterThan(second);
        String afterIt = site.backup();
        site.archiveEverything();
        assertThat(afterIt).as("labels tell the clock of their host").isLessThan(fromTheFuture);
        assertThat(site.catalog().backups().list())
                .extracting(backup -> backup.label().value())
                .containsExactly(first, second, fromTheFuture, afterIt);
        assertThat(TestRestore.of(site, TestRestore.fresh()).plan().label().value())
                .isEqualTo(afterIt);
        TestRestore onThatHost = TestRestore.of(site, ahead, TestRestore.fresh())
                .clock(ahead.repository().runtime().clock());
        assertThat(onThatHost.plan().label().value()).isEqualTo(afterIt);
        for (String label : List.of(fromTheFuture, afterIt)) {
            site.catalog().backups().delete(label(label), Duration.ZERO, false);
        }
        ahead.repository().close();
    }
}
