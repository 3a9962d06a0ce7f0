package io.pgbk.restore.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.RollUpWriter;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.CountingObjectStore;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.catalog.store.RequestCounts;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentScanner;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.WalPages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A planner that asks an archive with roll-ups gets the answers that the segments give, for less. */
class RollUpViewTest {
    private static final Instant TIME = Instant.parse("2026-11-21T03:00:00Z");
    private static final long SYSTEM = 7_000_000_000_000_000_001L;
    private static final WalSegmentSize SIZE = new WalSegmentSize(WalPages.SEGMENT_BYTES);
    /** A log has 4096 segments of 1 MiB: twenty in the first one, five in the next. */
    private static final int FIRST = 4076;

    private static final int LAST = 4100;

    @TempDir
    Path directory;

    private CountingObjectStore store;
    private WalArchive archive;
    private final List<String> warnings = new ArrayList<>();

    private final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void warn(String message) {
            synchronized (warnings) {
                warnings.add(message);
            }
        }
    };

    @BeforeEach
    void fill() throws IOException {
        Files.createDirectories(directory.resolve("repository"));
        store = new CountingObjectStore(
                ObjectStores.open(new DirectoryStoreConfig(directory.resolve("repository"))), counts -> {});
        Repository repository = Repository.initialise(
                        store,
                        new EncryptionSettings.Plain(),
                        InitOptions.SAFE,
                        new RepositoryRuntime(
                                InstantSource.fixed(TIME),
                                MonotonicTime.SYSTEM,
                                new SecureRandom(),
                                "test, process 1",
                                Compression.DEFAULT,
                                directory))
                .repository();
        ClusterCatalog cluster = new ClusterCatalog(repository, new ClusterName("main"));
        archive = cluster.wal(cluster.join(new ServerIdentity(SYSTEM, 15, 202209061, SIZE, 8192))
                .incarnation());
        for (int number = FIRST; number <= LAST; number++) {
            push(number, number % 3 == 0);
        }
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static Instant timeOf(int number) {
        return TIME.plusSeconds(60L * (number - FIRST));
    }

    private void push(int number, boolean idle) {
        WalPages pages = new WalPages(SYSTEM, 1, number, 1);
        if (!idle) {
            pages.commit(number, timeOf(number))
                    .filler(200_000)
                    .commit(number + 10_000, timeOf(number).plusSeconds(1));
        }
        put(number, pages.switchSegment().segment(0));
    }

    private void put(int number, byte[] content) {
        WalSegmentName name = WalSegmentName.ofNumber(1, number, SIZE);
        WalSegmentScanner scanner = new WalSegmentScanner(new WalSegmentScanner.Expectation(
                name,
                SIZE,
                SYSTEM,
                Optional.empty(),
                WalSegmentScanner.TimelineRule.of(TimelineHistory.root(1)),
                true));
        scanner.update(ByteBuffer.wrap(content));
        archive.put(new WalUpload(
                new WalFileName.Segment(name), new BytesBody(content), SYSTEM, Optional.of(scanner.finish())));
    }

    private void rollUp() {
        assertThat(new RollUpWriter(archive, TaskMonitor.SILENT).run(List.of())).isEqualTo(1);
    }

    private Path file(int number) {
        WalSegmentName name = WalSegmentName.ofNumber(1, number, SIZE);
        return directory
                .resolve("repository/clusters/main/wal/1/00000001")
                .resolve(name.toString().substring(8, 16))
                .resolve(name.toString());
    }

    /** Everything that a planner may ask, forward and backward. */
    private List<String> answers() {
        List<String> answers = new ArrayList<>();
        try (RepositoryWalView view = new RepositoryWalView(archive, monitor)) {
            answers.add(view.segments(1).toString());
            for (int number = FIRST - 1; number <= LAST + 1; number++) {
                answers.add(describe(view.facts(1, number), number));
            }
            for (int number = LAST; number >= FIRST; number -= 2) {
                answers.add(describe(view.facts(1, number), number));
            }
        }
        return answers;
    }

    private static String describe(SegmentFacts facts, int number) {
        Lsn middle = new Lsn((long) number * SIZE.bytes() + 100_000);
        return String.join(
                " ",
                List.of(
                        Integer.toString(number),
                        Boolean.toString(facts.known()),
                        facts.highestCommitTime().toString(),
                        facts.highestCommitTimeUpTo(middle).toString(),
                        facts.highestCommitTimeUpTo(Lsn.INVALID).toString(),
                        Boolean.toString(facts.mayEndTransaction(number)),
                        Boolean.toString(facts.mayEndTransaction(number + 1L)),
                        facts.firstRecordLsn().toString(),
                        facts.lastRecordEndLsn().toString(),
                        facts.lastKnownRecordLsn().toString(),
                        facts.restorePoints().toString(),
                        facts.checkpoints().toString(),
                        facts.createdTablespaces().toString()));
    }

    private RequestCounts countedPlan() {
        RequestCounts before = store.counts();
        try (RepositoryWalView view = new RepositoryWalView(archive, monitor)) {
            BackupCandidate backup =
                    new BackupCandidate("b", 1, lsn(FIRST).plus(40), lsn(FIRST).plus(200), TIME.plusSeconds(1), false);
            RecoveryPlan plan = new RestorePlanner(view, List.of(backup), TIME.plusSeconds(1_000_000))
                    .plan(new RestoreGoal(
                            new RecoveryTarget.Time(timeOf(4097), false),
                            new TimelineChoice.Newest(),
                            Optional.empty()));
            assertThat(plan.walTo()).contains(lsn(4098));
        }
        RequestCounts after = store.counts();
        return new RequestCounts(after.list() - before.list(), after.get() - before.get(), 0, 0, 0);
    }

    private static Lsn lsn(long number) {
        return new Lsn(number * SIZE.bytes());
    }

    @Test
    void answersAreThoseOfTheSegmentsAndCostFewRequests() {
        List<String> direct = answers();
        RequestCounts without = countedPlan();
        rollUp();
        assertThat(answers()).isEqualTo(direct);
        RequestCounts with = countedPlan();
        // Two segments inside which a time is asked for, the second log's five, the log itself.
        assertThat(without.get()).isGreaterThan(20);
        assertThat(with.get()).isLessThan(13);
        assertThat(with.list()).isLessThanOrEqualTo(without.list() + 1);
        assertThat(warnings).isEmpty();
    }

    @Test
    void whatVanishedCameBackOtherwiseOrWasKeptBesideIsAnsweredFromTheSegments() throws IOException {
        rollUp();
        Files.delete(file(FIRST + 3));
        Files.delete(file(FIRST + 5));
        put(
                FIRST + 5,
                new WalPages(SYSTEM, 1, FIRST + 5, 1)
                        .commit(1, TIME.plusSeconds(500_000))
                        .segment(0));
        put(
                FIRST + 8,
                new WalPages(SYSTEM, 1, FIRST + 8, 1)
                        .commit(FIRST + 8, timeOf(FIRST + 8))
                        .segment(0));
        List<String> answers = answers();
        Files.delete(rollUpFile());
        assertThat(answers).isEqualTo(answers());
        assertThat(answers.get(6 + 1)).contains(TIME.plusSeconds(500_000).toString());
        assertThat(warnings).isEmpty();
    }

    @Test
    void aDamagedRollUpIsPassedOverWithAWarning() throws IOException {
        List<String> direct = answers();
        rollUp();
        byte[] content = Files.readAllBytes(rollUpFile());
        content[content.length / 2] ^= 1;
        rollUpFile().toFile().setWritable(true);
        Files.write(rollUpFile(), content);
        assertThat(answers()).isEqualTo(direct);
        assertThat(warnings).singleElement().asString().contains("wal-index/1/00000001");
    }

    private Path rollUpFile() {
        return directory
                .resolve("repository")
                .resolve(archive.rollUps().list(1).getFirst().key());
    }
}
