package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * archive-push with the files of real servers: the WAL of a server of version 15 and of two promoted copies of it is made
 * once, every test has a data directory and a repository of its own.
 */
final class PushRunnerTest {
    private static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    /** No machine is so busy that something takes too long by this clock. */
    private static long slowNanoTime() {
        return System.nanoTime() / 100;
    }

    @TempDir
    private static Path made;

    @TempDir
    private Path directory;

    private static WalSegmentName first;
    private Path data;
    private TestRepository repository;

    @SuppressWarnings("NullAway.Init") // set before each test
    PushRunnerTest() {}

    /** Segments first to first+3 in "main"; the same cluster promoted twice in "left" and "right". */
    @BeforeAll
    static void makeWal() throws IOException {
        try (PostgresServer server = PostgresServer.builder(15)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                .withSetting("archive_timeout", "0")
                .withSetting("wal_keep_size", "64MB")
                .start()) {
            first = WalSegmentName.parse(server.switchWal());
            for (int i = 0; i < 3; i++) {
                server.sql("create table t" + i + " as select generate_series(1, 1000) i");
                server.switchWal();
            }
            save(server, "main");
            try (PostgresServer left = server.createStandby();
                    PostgresServer right = server.createStandby()) {
                left.start();
                right.start();
                server.sql("insert into t0 values (0)"); // else nothing is written that could be replayed
                left.awaitCaughtUp(server);
                right.awaitCaughtUp(server);
                server.stop();
                promote(left, "left");
                promote(right, "right");
            }
        }
        try (PostgresServer other = PostgresServer.start(15)) {
            other.switchWal();
            save(other, "other-cluster");
        }
        try (PostgresServer other = PostgresServer.start(16)) {
            other.switchWal();
            save(other, "other-version");
        }
        try (PostgresServer large =
                PostgresServer.builder(15).withWalSegmentMiB(64).start()) {
            large.switchWal();
            save(large, "large");
        }
    }

    private static void promote(PostgresServer standby, String side) throws IOException {
        standby.promote();
        standby.sql("create table promoted_" + side + " as select generate_series(1, 100) i");
        standby.switchWal();
        save(standby, side);
    }

    private static void save(PostgresServer server, String name) throws IOException {
        Path to = made.resolve(name);
        Files.createDirectories(to.resolve("global"));
        Files.createDirectories(to.resolve("pg_wal"));
        Files.copy(server.dataDirectory().resolve("global/pg_control"), to.resolve("global/pg_control"));
        try (var files = Files.list(server.dataDirectory().resolve("pg_wal"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try {
                    Files.copy(
                            file,
                            to.resolve("pg_wal").resolve(file.getFileName().toString()),
                            StandardCopyOption.COPY_ATTRIBUTES);
                } catch (NoSuchFileException e) {
                    // A promoted server removes the files that it had prepared for the old timeline.
                }
            }
        }
    }

    @BeforeEach
    void open() throws IOException {
        data = copyOf("main");
        repository = TestRepository.of(directory.resolve("repository"), data);
    }

    @AfterEach
    void close() {
        repository.close();
    }

    private Path copyOf(String name) throws IOException {
        Path to = directory.resolve("data-" + name);
        Files.createDirectories(to.resolve("global"));
        Files.createDirectories(to.resolve("pg_wal"));
        for (String folder : List.of("global", "pg_wal")) {
            try (var files = Files.list(made.resolve(name).resolve(folder))) {
                for (Path file : files.toList()) {
                    Files.copy(
                            file, to.resolve(folder).resolve(file.getFileName().toString()));
                }
            }
        }
        return to;
    }

    private PushTarget target() {
        return new PushTarget("primary", true, repository::cluster);
    }

    private static PushReport push(Path dataDirectory, Object name, TaskMonitor monitor, PushTarget... targets) {
        return new PushRunner(List.of(targets), DEADLINE, PushRunnerTest::slowNanoTime)
                .push(new PushRequest("pg_wal/" + name, dataDirectory, null), monitor);
    }

    private PutWalOutcome push(Path dataDirectory, Object name) {
        PushReport report = push(dataDirectory, name, TaskMonitor.SILENT, target());
        return ((TargetResult.Archived) report.targets().getFirst()).outcome();
    }

    private static void assertRefused(ErrorCode code, ThrowingCallable call, String... texts) {
        assertThatThrownBy(call).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).as(e.toString()).isEqualTo(code);
            String shown =
                    e.getMessage() + " HINT " + Optional.ofNullable(e.hint()).orElse("");
            for (String text : texts) {
                assertThat(shown).contains(text);
            }
            assertThat(e.code().exit()).isLessThanOrEqualTo(125);
        });
    }

    private void assertNothingStored() {
        assertThat(repository.keys("clusters/main/wal/")).isEmpty();
    }

    private byte[] archived(TestRepository in, WalFileName name) {
        WalObject object = in.wal().find(name).orElseThrow();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        in.wal().read(object, bytes);
        return bytes.toByteArray();
    }

    private static Path wal(Path dataDirectory, Object name) {
        return dataDirectory.resolve("pg_wal").resolve(name.toString());
    }

    private static void change(Path file, Consumer<byte[]> change) throws IOException {
        byte[] content = Files.readAllBytes(file);
        change.accept(content);
        Files.write(file, content);
    }

    @Test
    void storesWhatComesBackBitIdenticalWithItsIndex() throws IOException {
        assertThat(push(data, first)).isInstanceOf(PutWalOutcome.Stored.class);

        WalFileName.Segment name = new WalFileName.Segment(first);
        assertThat(archived(repository, name)).isEqualTo(Files.readAllBytes(wal(data, first)));
        assertThat(repository.wal().readIndex(repository.wal().find(name).orElseThrow()))
                .hasValueSatisfying(index -> assertThat(index.isIndexed()).isTrue());
    }

    @Test
    void sameSegmentWithSameContentPushedAgainStoresNothingAndSaysSoAtDebugLevel() {
        push(data, first);
        List<String> keys = repository.keys("");
        List<String> debug = new ArrayList<>();

        PushReport again = push(
                data,
                first,
                new TaskMonitor() {
                    @Override
                    public void debug(String message) {
                        debug.add(message);
                    }
                },
                target());

        assertThat(again.targets())
                .singleElement()
                .isInstanceOfSatisfying(
                        TargetResult.Archived.class,
                        result -> assertThat(result.outcome()).isInstanceOf(PutWalOutcome.AlreadyIdentical.class));
        assertThat(repository.keys("")).isEqualTo(keys);
        assertThat(debug).singleElement().asString().contains(first.toString(), "archived before");
    }

    @Test
    void sameSegmentPushedByAStandbyWithArchiveModeAlwaysStoresNothing() throws IOException {
        push(data, first);

        assertThat(push(copyOf("left"), first)).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(push(copyOf("right"), first)).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(repository.keys("clusters/main/wal/")).hasSize(1);
    }

    @Test
    void ofTwoHostsThatPushOtherRecordsUnderTheSameNameAtTheSameInstantExactlyOneWins() throws Exception {
        Path left = copyOf("left");
        Path right = copyOf("right");
        WalSegmentName name = lastOfTimeline2("left");
        Files.copy(wal(left, "00000002.history"), wal(right, "00000002.history"), StandardCopyOption.REPLACE_EXISTING);
        List<Object> outcomes = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (Path side : List.of(left, right)) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    outcomes.add(push(side, name).getClass());
                } catch (PgbkException e) {
                    outcomes.add(e.code());
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(outcomes).containsExactlyInAnyOrder(PutWalOutcome.Stored.class, ErrorCode.WAL_CONFLICT);
        assertThat(repository.keys("clusters/main/wal/"))
                .filteredOn(key -> key.contains(name.toString()))
                .hasSize(1);
    }

    @Test
    void sameNameWithDivergingRecordsIsRefusedWithBothDigestsAndNothingIsOverwritten() throws IOException {
        Path left = copyOf("left");
        Path right = copyOf("right");
        WalSegmentName name = lastOfTimeline2("left");
        // Two servers that were promoted from the same place: force the second one's history to look like the first's.
        Files.copy(wal(left, "00000002.history"), wal(right, "00000002.history"), StandardCopyOption.REPLACE_EXISTING);
        push(left, name);
        byte[] before = archived(repository, new WalFileName.Segment(name));

        assertRefused(
                ErrorCode.WAL_CONFLICT,
                () -> push(right, name),
                "archived digest",
                "new digest",
                "pgbk wal resolve " + name);

        assertThat(archived(repository, new WalFileName.Segment(name))).isEqualTo(before);
    }

    private static WalSegmentName lastOfTimeline2(String side) throws IOException {
        try (var files = Files.list(made.resolve(side).resolve("pg_wal"))) {
            return files.map(file -> WalFileName.parse(file.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .filter(WalFileName.Segment.class::isInstance)
                    .map(name -> ((WalFileName.Segment) name).name())
                    .filter(name -> name.timeline() == 2)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void incompleteLastSegmentIsKeptBesideTheLongerOne() throws IOException {
        Path shorter = copyOf("left");
        Files.delete(wal(shorter, first));
        Path file = wal(shorter, first);
        Files.copy(wal(data, first), file);
        try (var later = Files.list(shorter.resolve("pg_wal"))) {
            for (Path other : later.filter(path -> !path.equals(file)).toList()) {
                Files.delete(other);
            }
        }
        change(file, content -> Arrays.fill(content, 16384, content.length, (byte) 0));

        assertThat(push(shorter, first)).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(push(data, first))
                .isInstanceOfSatisfying(
                        PutWalOutcome.KeptBeside.class,
                        beside -> assertThat(beside.newIsLonger()).isTrue());
        assertThat(archived(repository, new WalFileName.Segment(first)))
                .isEqualTo(Files.readAllBytes(wal(data, first)));
    }

    @Test
    void incompleteSegmentIsRefusedWhenTheServerAlreadyWritesTheNextOne() throws IOException {
        change(wal(data, first), content -> Arrays.fill(content, 16384, content.length, (byte) 0));

        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, first), first.toString());
        assertNothingStored();
    }

    @Test
    void segmentOfAnotherClusterIsRefusedNamingBothSystemIdentifiers() throws IOException {
        Path other = copyOf("other-cluster");
        WalSegmentName name = anySegment(other);

        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(other, name), "system identifier");

        Files.copy(wal(other, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);
        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(data, name), "system identifier");
        assertNothingStored();
    }

    private static WalSegmentName anySegment(Path dataDirectory) throws IOException {
        try (var files = Files.list(dataDirectory.resolve("pg_wal"))) {
            return files.map(file -> WalSegmentName.tryParse(file.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void segmentOfAnotherMajorVersionIsRefusedNamingBoth() throws IOException {
        Path other = copyOf("other-version");
        WalSegmentName name = anySegment(other);
        Files.copy(wal(other, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);

        assertRefused(ErrorCode.OTHER_CLUSTER, () -> push(data, name), "PostgreSQL 16", "15");
        assertNothingStored();
    }

    @Test
    void segmentOfAWrongSizeIsRefusedNamingBothSizes() throws IOException {
        Path large = copyOf("large");
        WalSegmentName name = anySegment(large);
        Files.copy(wal(large, name), wal(data, name), StandardCopyOption.REPLACE_EXISTING);

        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "67108864", "1048576");
        assertNothingStored();
    }

    @Test
    void segmentsOf64MiBAreArchivedWithoutBeingKeptInMemory() throws IOException {
        Path large = copyOf("large");
        WalSegmentName name = anySegment(large);
        try (TestRepository other = TestRepository.of(directory.resolve("large-repository"), large)) {
            push(large, name, TaskMonitor.SILENT, new PushTarget("large", true, other::cluster));

            assertThat(archived(other, new WalFileName.Segment(name))).isEqualTo(Files.readAllBytes(wal(large, name)));
        }
    }

    @Test
    void pageAddressesThatDoNotMatchTheNameAreRefused() throws IOException {
        byte[] sound = Files.readAllBytes(wal(data, first));
        change(wal(data, first), content -> content[5 * 8192 + 9] ^= 1);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, first), "address");

        WalSegmentName wrong = first.next(SIZE);
        Files.write(wal(data, wrong), sound);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, wrong), wrong.toString(), "address");
        assertNothingStored();
    }

    @Test
    void fileThatIsRecycledWhileItIsReadIsRefused() throws IOException {
        Path file = wal(data, first);
        try (PushedFile pushed = PushedFile.open("pg_wal/" + first, data, null)) {
            pushed.requireUnchanged();

            Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1));
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "changed while it was read");

            Files.move(file, wal(data, "0000000100000000000000EE"));
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "vanished while it was read");

            Files.copy(wal(data, first.next(SIZE)), file);
            assertRefused(ErrorCode.WAL_INVALID, pushed::requireUnchanged, "changed while it was read");
        }
    }

    @Test
    void percentFInsteadOfPercentPIsExplained() {
        assertRefused(
                ErrorCode.USAGE,
                () -> new PushRunner(List.of(target()), DEADLINE, System::nanoTime)
                        .push(new PushRequest(first.toString(), data, data), TaskMonitor.SILENT),
                "%p instead of %f");
        assertNothingStored();
    }

    @Test
    void directoryEmptyTruncatedAndForeignNamesAreRefusedAndNothingIsStored() throws IOException {
        WalSegmentName name = WalSegmentName.parse("0000000100000000000000AA");
        Files.createDirectories(wal(data, name));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "is a directory", "%p");

        Files.delete(wal(data, name));
        Files.createFile(wal(data, name));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "is empty");

        Files.write(wal(data, name), Arrays.copyOf(Files.readAllBytes(wal(data, first)), 700_000));
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, name), "700000", "1048576");

        Files.write(wal(data, "postgresql.conf"), new byte[10]);
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, "postgresql.conf"), "not the name of a WAL file");
        assertRefused(ErrorCode.WAL_INVALID, () -> push(data, "0000000100000000000000AB"), "does not exist");
        assertNothingStored();
    }

    @Test
    void relativePathIsAlsoFoundInTheConfiguredDataDirectoryBecausePatroniCallsFromElsewhere() {
        PushReport report = new PushRunner(List.of(target()), DEADLINE, System::nanoTime)
                .push(new PushRequest("pg_wal/" + first, directory, data), TaskMonitor.SILENT);

        assertThat(report.targets()).hasSize(1);
    }

    @Test
    void historyBackupAndPartialFilesAreAcceptedAndTwoDifferentPartialsAreBothKept() throws IOException {
        Path left = copyOf("left");
        WalFileName.History history = new WalFileName.History(2);
        assertThat(push(left, history)).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archived(repository, history)).isEqualTo(Files.readAllBytes(wal(left, history)));

        WalFileName.Partial partial = new WalFileName.Partial(first);
        Files.copy(wal(data, first), wal(data, partial));
        push(data, partial);
        change(wal(data, partial), content -> Arrays.fill(content, 16384, content.length, (byte) 0));
        push(data, partial);
        assertThat(repository.keys("clusters/main/wal/"))
                .filteredOn(key -> key.contains(".partial"))
                .hasSize(2);

        String backup = first + ".00000028.backup";
        Files.writeString(wal(data, backup), """
                START WAL LOCATION: %s (file %s)
                STOP WAL LOCATION: 0/FFFFFF (file 000000010000000000000000)
                CHECKPOINT LOCATION: %s
                BACKUP METHOD: streamed
                BACKUP FROM: primary
                START TIME: 2026-11-21 03:15:00 UTC
                LABEL: test
                START TIMELINE: 1
                STOP TIME: 2026-11-21 03:16:00 UTC
                STOP TIMELINE: 1
                """.formatted(
                first.startLsn(SIZE).plus(0x28), first, first.startLsn(SIZE).plus(0x60)));
        assertThat(push(data, backup)).isInstanceOf(PutWalOutcome.Stored.class);
    }

    @Test
    void historyWithOtherContentUnderTheSameNameIsReportedAsSplitBrain() throws IOException {
        Path left = copyOf("left");
        Path right = copyOf("right");
        change(wal(right, "00000002.history"), content -> content[content.length - 2] ^= 1);
        push(left, "00000002.history");

        assertRefused(ErrorCode.TIMELINE_CONFLICT, () -> push(right, "00000002.history"), "Split brain");
    }

    @Test
    void segmentOfALaterTimelineBringsItsHistoryAlongAndIsRefusedWhenAnotherOneIsArchived() throws IOException {
        Path left = copyOf("left");
        WalSegmentName name = lastOfTimeline2("left");
        push(left, name);
        assertThat(repository.wal().historyFile(2))
                .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(readAll(wal(left, "00000002.history"))));

        Path right = copyOf("right");
        change(wal(right, "00000002.history"), content -> content[content.length - 2] ^= 1);
        assertRefused(ErrorCode.TIMELINE_CONFLICT, () -> push(right, lastOfTimeline2("right")), "Split brain");
    }

    private static byte[] readAll(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void encryptionWithAWrongKeyOrSwitchedOffByMistakeIsRefusedNeverPlaintext() {
        EncryptionSettings wrong = new EncryptionSettings.Encrypted(
                List.of(new UnlockSecret.KeyFile(Secret.random(new SecureRandom(), 32), "a wrong key")));

        assertRefused(
                ErrorCode.KEY_WRONG,
                () -> push(
                        data,
                        first,
                        TaskMonitor.SILENT,
                        new PushTarget("primary", true, () -> repository.openAgain(wrong))));
        assertRefused(
                ErrorCode.ENCRYPTION_MISMATCH,
                () -> push(
                        data,
                        first,
                        TaskMonitor.SILENT,
                        new PushTarget("primary", true, () -> repository.openAgain(new EncryptionSettings.Plain()))));
        assertNothingStored();
    }

    private static PushTarget down(String name, boolean required) {
        return new PushTarget(name, required, () -> {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "the store does not answer");
        });
    }

    @Test
    void oneOfTwoRequiredRepositoriesDownFailsWhileTheOtherGetsItAndALaterRetryRepairs() throws IOException {
        try (TestRepository second = TestRepository.of(directory.resolve("second"), data)) {
            assertRefused(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    () -> push(data, first, TaskMonitor.SILENT, down("second", true), target()),
                    "does not answer");
            assertThat(repository.wal().find(new WalFileName.Segment(first))).isPresent();

            PushReport retry =
                    push(data, first, TaskMonitor.SILENT, new PushTarget("second", true, second::cluster), target());

            assertThat(retry.targets())
                    .extracting(result -> ((TargetResult.Archived) result)
                            .outcome()
                            .getClass()
                            .getSimpleName())
                    .containsExactly("Stored", "AlreadyIdentical");
        }
    }

    @Test
    void repairedRepositoryThatIsDownDoesNotFailThePushAndIsFilledLater() throws IOException {
        WalSegmentName next = first.next(SIZE);
        WalSegmentName third = next.next(SIZE);
        try (TestRepository second = TestRepository.of(directory.resolve("second"), data)) {
            PushReport report = push(data, first, TaskMonitor.SILENT, target(), down("second", false));
            assertThat(report.targets().getLast()).isInstanceOf(TargetResult.Postponed.class);
            push(data, next, TaskMonitor.SILENT, target(), down("second", false));
            Files.delete(wal(data, first));
            Files.delete(wal(data, next));

            push(data, third, TaskMonitor.SILENT, target(), new PushTarget("second", false, second::cluster));

            for (WalSegmentName name : List.of(first, next, third)) {
                assertThat(archived(second, new WalFileName.Segment(name)))
                        .isEqualTo(archived(repository, new WalFileName.Segment(name)));
            }
        }
    }

    @Test
    void hazardRepairedRepositoryThatHangsCostsPostgresqlAMomentAndIsThenLeftAloneForAWhile() throws IOException {
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        PushTarget hanging = new PushTarget("second", false, () -> {
            asked.incrementAndGet();
            try {
                never.await();
            } catch (InterruptedException e) {
                throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted", null, e);
            }
            throw new IllegalStateException("nobody counts down");
        });
        Path spool = Files.createDirectory(directory.resolve("spool"));
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-21T03:00:00Z"));
        PushRunner runner = new PushRunner(
                List.of(hanging, target()),
                Duration.ofMinutes(5),
                () -> System.nanoTime() * FastTime.FACTOR,
                RepairedMarks.in(spool, data, now::get));
        WalSegmentName next = first.next(SIZE);

        assertThat(runner.push(new PushRequest("pg_wal/" + first, data, null), TaskMonitor.SILENT)
                        .targets()
                        .getFirst())
                .isInstanceOf(TargetResult.Postponed.class);
        now.set(now.get().plus(RepairedMarks.REST).minusMillis(1));
        assertThat(runner.push(new PushRequest("pg_wal/" + next, data, null), TaskMonitor.SILENT)
                        .targets()
                        .getFirst())
                .isInstanceOf(TargetResult.Resting.class);
        assertThat(asked).hasValue(1);
        now.set(now.get().plusMillis(1));
        runner.push(new PushRequest("pg_wal/" + next.next(SIZE), data, null), TaskMonitor.SILENT);
        assertThat(asked).hasValue(2);
        assertThat(repository.keys("clusters/main/wal/")).hasSize(3);
    }

    @Test
    void whileMoreWaitsInPgWalNothingIsFilledAndTheMarkSaysWhereToGoOn() throws IOException {
        WalSegmentName next = first.next(SIZE);
        WalSegmentName third = next.next(SIZE);
        WalSegmentName fourth = third.next(SIZE);
        Path spool = Files.createDirectory(directory.resolve("spool"));
        RepairedMarks marks = RepairedMarks.in(spool, data, InstantSource.system());
        Path ready = Files.createDirectories(data.resolve("pg_wal/archive_status"))
                .resolve("00000001000000000000000F.ready");
        try (TestRepository second = TestRepository.of(directory.resolve("second"), data)) {
            PushTarget back = new PushTarget("second", false, second::cluster);
            pushWith(marks, first, target(), down("second", false));
            pushWith(
                    RepairedMarks.in(spool, data, () -> Instant.now().plusSeconds(60)),
                    next,
                    target(),
                    down("second", false));
            Files.createFile(ready);
            RepairedMarks later =
                    RepairedMarks.in(spool, data, () -> Instant.now().plusSeconds(120));

            pushWith(later, third, target(), back);
            assertThat(second.keys("clusters/main/wal/")).hasSize(1);
            Files.delete(ready);
            // What is before it is there: only the mark knows of the hole.
            pushWith(later, fourth, target(), back);

            for (WalSegmentName name : List.of(first, next, third, fourth)) {
                assertThat(archived(second, new WalFileName.Segment(name)))
                        .isEqualTo(archived(repository, new WalFileName.Segment(name)));
            }
            assertThat(marks.behind("second", SIZE)).isEmpty();
        }
    }

    private void pushWith(RepairedMarks marks, WalSegmentName name, PushTarget... targets) {
        new PushRunner(List.of(targets), DEADLINE, PushRunnerTest::slowNanoTime, marks)
                .push(new PushRequest("pg_wal/" + name, data, null), TaskMonitor.SILENT);
    }

    @Test
    void hazardRepairedRepositoryWithOtherRecordsNeverHoldsSuccessBackAndIsNotOverwritten() throws IOException {
        try (TestRepository second = TestRepository.of(directory.resolve("second"), data)) {
            Path left = copyOf("left");
            Path right = copyOf("right");
            WalSegmentName name = lastOfTimeline2("left");
            Files.copy(
                    wal(left, "00000002.history"), wal(right, "00000002.history"), StandardCopyOption.REPLACE_EXISTING);
            push(left, name, TaskMonitor.SILENT, new PushTarget("second", true, second::cluster));
            byte[] other = archived(second, new WalFileName.Segment(name));

            PushReport report =
                    push(right, name, TaskMonitor.SILENT, new PushTarget("second", false, second::cluster), target());

            assertThat(report.targets().getFirst())
                    .isInstanceOfSatisfying(
                            TargetResult.Postponed.class,
                            postponed -> assertThat(postponed.failure().code()).isEqualTo(ErrorCode.WAL_CONFLICT));
            assertThat(archived(second, new WalFileName.Segment(name))).isEqualTo(other);
            assertThat(repository.wal().find(new WalFileName.Segment(name))).isPresent();
        }
    }

    @Test
    void damagedOrForeignMarksAreOnlyHints() throws IOException {
        Path spool = Files.createDirectory(directory.resolve("spool"));
        RepairedMarks marks = RepairedMarks.in(spool, data, InstantSource.system());
        WalSegmentName next = first.next(SIZE);
        marks.missed("second", next, SIZE);
        marks.missed("second", next.next(SIZE), SIZE);
        assertThat(marks.behind("second", SIZE)).contains(next);
        marks.missed("second", first, SIZE);
        assertThat(marks.behind("second", SIZE)).contains(first);
        try (var files = Files.walk(spool)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.write(file, new byte[100_000]);
            }
        }
        assertThat(marks.behind("second", SIZE)).isEmpty();
        assertThat(RepairedMarks.in(directory.resolve("no-spool"), data, InstantSource.system())
                        .behind("second", SIZE))
                .isEmpty();
    }

    @Test
    void storageThatHangsNeverBlocksTheArchiverForEver() {
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        PushTarget hanging = new PushTarget("hanging", true, () -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted");
        });
        PushRunner runner = new PushRunner(
                List.of(hanging, target()), Duration.ofSeconds(5), () -> System.nanoTime() * FastTime.FACTOR);

        assertRefused(
                ErrorCode.REPOSITORY_UNREACHABLE,
                () -> runner.push(new PushRequest("pg_wal/" + first, data, null), TaskMonitor.SILENT),
                "did not take the file within 5 s");
        assertThat(repository.wal().find(new WalFileName.Segment(first))).isPresent();
    }

    @Test
    void twoHostsThatPushTheSameNameAtTheSameInstantBothSucceedWithOneObject() throws Exception {
        List<Class<?>> outcomes = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform()
                    .start(() -> outcomes.add(push(data, first).getClass())));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(outcomes).hasSize(4);
        assertThat(outcomes.stream().filter(PutWalOutcome.Stored.class::equals)).hasSize(1);
        assertThat(repository.keys("clusters/main/wal/")).hasSize(1);
    }

    @Test
    void walOfAnUnknownVersionIsArchivedAndMarkedAsNotIndexed() throws IOException {
        change(wal(data, first), content -> {
            for (int page = 0; page < content.length; page += 8192) {
                content[page] = 0x55;
                content[page + 1] = 0x55;
            }
        });

        assertThat(push(data, first)).isInstanceOf(PutWalOutcome.Stored.class);
        WalObject object = repository.wal().find(new WalFileName.Segment(first)).orElseThrow();
        assertThat(repository.wal().readIndex(object))
                .hasValueSatisfying(index -> assertThat(index.isIndexed()).isFalse());
    }

    @Test
    void atLeastOneRepositoryMustBeRequired() {
        assertRefused(
                ErrorCode.CONFIGURATION,
                () -> new PushRunner(List.of(down("only", false)), DEADLINE, System::nanoTime),
                "wal: required");
    }
}
