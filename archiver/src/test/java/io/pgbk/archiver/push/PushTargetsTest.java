package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** archive-push to several repositories, or to one that it cannot use. */
final class PushTargetsTest extends PushSite {
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
        new PushRunner(List.of(targets), DEADLINE, PushSite::slowNanoTime, marks)
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
    void atLeastOneRepositoryMustBeRequired() {
        assertRefused(
                ErrorCode.CONFIGURATION,
                () -> new PushRunner(List.of(down("only", false)), DEADLINE, System::nanoTime),
                "wal: required");
    }
}
