package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.TestRepository;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalTimeline;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hazard: after a failover the dead primary's last segments are not archived, but the new primary has them. */
final class PromotionTest {
    private static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);

    @TempDir
    private static Path directory;

    private static PostgresServer primary;
    private static PostgresServer promoted;
    private static WalSegmentName first;
    private static String onNewTimeline;

    /** The primary dies with four whole segments that only its standby has as well; it archived none itself. */
    @BeforeAll
    static void failOver() {
        primary = PostgresServer.builder(16)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                // On a busy machine the first checkpoint of the new primary can be faster than the tests.
                .withSetting("wal_keep_size", "64MB")
                .start();
        promoted = primary.createStandby();
        promoted.start();
        first = WalSegmentName.parse(primary.switchWal());
        for (int i = 0; i < 3; i++) {
            primary.sql("create table t" + i + " as select generate_series(1, 1000) i");
            primary.switchWal();
        }
        promoted.awaitCaughtUp(primary);
        primary.kill();
        promoted.promote();
        promoted.sql("create table promoted (x int)");
        onNewTimeline = promoted.switchWal();
    }

    @AfterAll
    static void stop() {
        promoted.close();
        primary.close();
    }

    private static void push(
            Path dataDirectory, String name, TestRepository repository, List<String> warnings, PushTarget... more) {
        List<PushTarget> targets = new ArrayList<>(List.of(more));
        targets.add(new PushTarget("primary", true, repository::cluster));
        new PushRunner(targets, Duration.ofSeconds(30), System::nanoTime)
                .push(new PushRequest("pg_wal/" + name, dataDirectory, null), new TaskMonitor() {
                    @Override
                    public void warn(String message) {
                        warnings.add(message);
                    }
                });
    }

    private static List<WalGap> gaps(TestRepository repository) {
        return repository.wal().timelines().stream()
                .map(WalTimeline::gaps)
                .flatMap(List::stream)
                .toList();
    }

    private static void assertArchived(TestRepository repository, WalSegmentName name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        repository
                .wal()
                .read(
                        repository
                                .wal()
                                .find(new WalFileName.Segment(name))
                                .orElseThrow(() -> new AssertionError(name + " is missing")),
                        bytes);
        assertThat(bytes.toByteArray())
                .isEqualTo(Files.readAllBytes(
                        primary.dataDirectory().resolve("pg_wal").resolve(name.toString())));
    }

    @Test
    void segmentsThatTheDeadPrimaryDidNotArchiveAreAGapUntilTheNewPrimaryArchivesThem() throws IOException {
        // A pg_wal that has nothing but the history: what the archive gets when nobody fills.
        Path bare = Files.createDirectories(directory.resolve("bare"));
        Files.createDirectories(bare.resolve("global"));
        Files.createDirectories(bare.resolve("pg_wal"));
        for (String file : List.of("global/pg_control", "pg_wal/00000002.history", "pg_wal/" + onNewTimeline)) {
            Files.copy(promoted.dataDirectory().resolve(file), bare.resolve(file));
        }
        List<String> warnings = new ArrayList<>();
        try (TestRepository repository = TestRepository.of(directory.resolve("gap"), promoted.dataDirectory())) {
            push(primary.dataDirectory(), first.toString(), repository, warnings);
            push(bare, "00000002.history", repository, warnings);
            push(bare, onNewTimeline, repository, warnings);
            assertThat(gaps(repository))
                    .as("the gap is visible")
                    .containsExactly(new WalGap(
                            first.next(SIZE), first.next(SIZE).next(SIZE).next(SIZE)));

            push(promoted.dataDirectory(), onNewTimeline, repository, warnings);

            assertThat(gaps(repository)).as("the gap is filled").isEmpty();
            for (WalSegmentName name = first; name.number(SIZE) < first.number(SIZE) + 4; name = name.next(SIZE)) {
                assertArchived(repository, name);
            }
        }
        assertThat(warnings).isEmpty();
    }

    @Test
    void theHistoryFileThatPostgresqlArchivesFirstBringsTheDeadPrimarysSegmentsAlong() throws IOException {
        List<String> warnings = new ArrayList<>();
        PushTarget down = new PushTarget("down", false, () -> {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "no route");
        });
        try (TestRepository repository = TestRepository.of(directory.resolve("history"), promoted.dataDirectory())) {
            push(promoted.dataDirectory(), "00000002.history", repository, warnings, down);

            for (WalSegmentName name = first; name.number(SIZE) < first.number(SIZE) + 4; name = name.next(SIZE)) {
                assertArchived(repository, name);
            }
            assertThat(gaps(repository)).isEmpty();
        }
        assertThat(warnings).allMatch(warning -> warning.contains("no route"));
    }

    @Test
    void aDamagedSegmentOfTheDeadPrimaryStaysAGapAndIsTold() throws IOException {
        Path damaged = Files.createDirectories(directory.resolve("damaged"));
        Files.createDirectories(damaged.resolve("global"));
        Files.createDirectories(damaged.resolve("pg_wal"));
        Files.copy(promoted.dataDirectory().resolve("global/pg_control"), damaged.resolve("global/pg_control"));
        try (var files = Files.list(promoted.dataDirectory().resolve("pg_wal"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, damaged.resolve("pg_wal").resolve(file.getFileName()));
            }
        }
        Path second = damaged.resolve("pg_wal").resolve(first.next(SIZE).toString());
        byte[] content = Files.readAllBytes(second);
        content[3 * 8192 + 9] ^= 1;
        Files.write(second, content);
        List<String> warnings = new ArrayList<>();
        try (TestRepository repository = TestRepository.of(directory.resolve("repository"), damaged)) {
            push(damaged, "00000002.history", repository, warnings);

            assertThat(repository.wal().find(new WalFileName.Segment(first.next(SIZE))))
                    .isEmpty();
            assertThat(gaps(repository)).containsExactly(new WalGap(first.next(SIZE), first.next(SIZE)));
        }
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains(first.next(SIZE).toString(), "could not be archived");
    }
}
