package io.pgbk.catalog.repository.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.testkit.WalPages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several contents under one name, and what is missing between names. */
class WalVariantsTest {
    private static final Instant TIME = Instant.parse("2026-11-21T03:00:00Z");
    private static final WalSegmentName NAME = WalSegmentName.ofNumber(1, 1, TestPlace.SIZE);
    private static final WalFileName FILE = new WalFileName.Segment(NAME);

    @TempDir
    Path directory;

    private ManualTime time;
    private TestPlace place;
    private ClusterCatalog cluster;
    private WalArchive archive;

    @BeforeEach
    void prepare() {
        time = new ManualTime();
        place = new TestPlace(directory, time);
        cluster = place.cluster();
        archive = cluster.wal(cluster.newestIncarnation());
    }

    @AfterEach
    void close() {
        cluster.repository().close();
    }

    private WalPages pages() {
        return new WalPages(TestPlace.SYSTEM, 1, 1, 1).commit(700, TIME);
    }

    private WalUpload upload(WalPages pages) {
        return TestPlace.indexed(NAME, pages.segment(0));
    }

    private WalUpload shorter() {
        return upload(pages());
    }

    private WalUpload longer() {
        return upload(pages().commit(701, TIME).switchSegment());
    }

    private WalUpload diverging() {
        return upload(pages().commit(999, TIME.plusSeconds(1)));
    }

    private byte[] delivered() {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        archive.read(archive.find(FILE).orElseThrow(), content);
        return content.toByteArray();
    }

    private static byte[] bytes(WalUpload upload) {
        try (var in = upload.content().open()) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void ofTwoVersionsWithTheSameBeginningTheLongerIsDeliveredWhicheverCameFirst() {
        assertThat(archive.put(shorter())).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archive.put(longer()))
                .isInstanceOfSatisfying(
                        PutWalOutcome.KeptBeside.class,
                        kept -> assertThat(kept.newIsLonger()).isTrue());
        assertThat(delivered()).isEqualTo(bytes(longer()));
        // Both pushes again change nothing.
        assertThat(archive.put(shorter())).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(archive.put(longer())).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        assertThat(archive.show(FILE).variants()).hasSize(2);
        assertThat(archive.show(FILE).events())
                .extracting(WalNameReport.WalEvent::kind)
                .containsExactly("kept-beside");
        place.assertSound();
    }

    @Test
    void aShorterVersionThatComesLaterIsKeptAndNeverDelivered() {
        archive.put(longer());
        assertThat(archive.put(shorter()))
                .isInstanceOfSatisfying(
                        PutWalOutcome.KeptBeside.class,
                        kept -> assertThat(kept.newIsLonger()).isFalse());
        assertThat(delivered()).isEqualTo(bytes(longer()));
        place.assertSound();
    }

    @Test
    void divergingRecordsAreAConflictUntilAPersonResolvesIt() {
        archive.put(shorter());
        assertThat(archive.put(diverging())).isInstanceOf(PutWalOutcome.KeptBeside.class);
        assertThat(archive.put(longer())).isInstanceOf(PutWalOutcome.Conflict.class);
        assertThat(delivered()).isEqualTo(bytes(diverging()));

        archive.putResolved(longer(), true, "the other server was a clone");
        assertThat(delivered()).isEqualTo(bytes(longer()));
        assertThat(archive.put(longer())).isInstanceOf(PutWalOutcome.AlreadyIdentical.class);

        archive.resolve(NAME, "", "back to the first");
        assertThat(delivered()).isEqualTo(bytes(shorter()));
        assertThatThrownBy(() -> archive.resolve(NAME, "00000000", "nobody"))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_MISSING));
        place.assertSound();
    }

    @Test
    void whatAPersonKeptBesideWithoutChoosingItIsNotDelivered() {
        archive.put(shorter());
        archive.putResolved(longer(), false, "keep the first");
        assertThat(delivered()).isEqualTo(bytes(shorter()));
        place.assertSound();
    }

    @Test
    void aChosenVersionThatVanishedIsAFailureAndNotAnotherVersion() throws IOException {
        archive.put(shorter());
        archive.putResolved(diverging(), false, "a third");
        archive.putResolved(longer(), true, "chosen");
        WalObject chosen = archive.find(FILE).orElseThrow();
        Files.delete(place.directory().resolve(chosen.key()));
        assertThatThrownBy(() -> archive.find(FILE)).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_MISSING);
            assertThat(e.getMessage()).contains(chosen.variant()).contains(NAME.toString());
        });
        assertThat(RepositoryChecker.findings(cluster.repository()))
                .extracting(Finding::object)
                .containsExactly(chosen.key());
    }

    @Test
    void anEventThatAPushDidNotLiveToWriteIsWrittenByTheNext() throws IOException {
        archive.put(shorter());
        archive.put(longer());
        Files.delete(place.directory().resolve("clusters/main/wal/1/00000001/00000000/" + NAME + ".events/00000001"));
        archive.put(longer());
        assertThat(archive.show(FILE).events()).hasSize(1);
        place.assertSound();
    }

    @Test
    void partialsOfOneNameStandSideBySideAndTheLongestIsDelivered() {
        WalFileName partial = WalFileName.parse(NAME + ".partial").orElseThrow();
        byte[] one = bytes(shorter());
        byte[] other = bytes(longer());
        assertThat(archive.put(TestPlace.indexed(partial, NAME, one))).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archive.put(TestPlace.indexed(partial, NAME, other))).isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archive.put(TestPlace.indexed(partial, NAME, other)))
                .isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        archive.read(archive.find(partial).orElseThrow(), content);
        assertThat(content.toByteArray()).isEqualTo(other);
        place.assertSound();
    }

    @Test
    void anotherBackupHistoryOfTheSameNameDoesNotStopArchiving() {
        String name = NAME + ".00000028.backup";
        assertThat(archive.put(TestPlace.file(name, "one".getBytes(StandardCharsets.US_ASCII))))
                .isInstanceOf(PutWalOutcome.Stored.class);
        assertThat(archive.put(TestPlace.file(name, "two".getBytes(StandardCharsets.US_ASCII))))
                .isInstanceOf(PutWalOutcome.KeptBeside.class);
        assertThat(archive.put(TestPlace.file(name, "two".getBytes(StandardCharsets.US_ASCII))))
                .isInstanceOf(PutWalOutcome.AlreadyIdentical.class);
    }

    @Test
    void theTimeOfArchivingIsKnownEvenWhenNothingHappensOnTheServer() {
        assertThat(archive.newestArchivedTime()).isEmpty();
        archive.put(TestPlace.segment(NAME.toString()));
        Instant first = time.instant();
        assertThat(archive.newestArchivedTime().orElseThrow())
                .isCloseTo(first, org.assertj.core.api.Assertions.within(1, java.time.temporal.ChronoUnit.MILLIS));
        time.advance(Duration.ofHours(3));
        archive.put(TestPlace.segment("000000010000000000000002"));
        assertThat(archive.newestArchivedTime().orElseThrow()).isAfter(first.plusSeconds(3600));
    }

    // ---- continuity

    private void segments(int timeline, int... numbers) {
        for (int number : numbers) {
            archive.put(TestPlace.segment(
                    WalSegmentName.ofNumber(timeline, number, TestPlace.SIZE).toString()));
        }
    }

    private void history(int timeline, String content) {
        archive.put(
                TestPlace.file(String.format("%08X.history", timeline), content.getBytes(StandardCharsets.US_ASCII)));
    }

    private List<String> gaps(int timeline) {
        return archive.timelines().stream()
                .filter(found -> found.timeline() == timeline)
                .flatMap(found -> found.gaps().stream())
                .map(gap -> gap.from().toString().substring(22) + "-"
                        + gap.to().toString().substring(22))
                .toList();
    }

    @Test
    void gapsAreFoundOnEveryTimelineUpToWhereItWasLeft() {
        // Timeline 2 leaves 1 in segment 5, timeline 3 leaves 2 in segment 8.
        segments(1, 2, 3, 5, 7);
        history(2, "1\t0/500100\tx\n");
        segments(2, 5, 6);
        history(3, "1\t0/500100\tx\n2\t0/800100\ty\n");
        segments(3, 9, 10, 12);

        // 4 is missing; behind the branch in 5 the old line may have holes.
        assertThat(gaps(1)).containsExactly("04-04");
        // Up to 7, the segment before the branch in 8.
        assertThat(gaps(2)).containsExactly("07-07");
        // The segment with the switch point is the child's.
        assertThat(gaps(3)).containsExactly("08-08", "0B-0B");
    }

    @Test
    void whatOneLineNeedsComesFromEachTimelineInTurn() {
        segments(1, 2, 3, 4);
        history(2, "1\t0/500100\tx\n");
        segments(2, 6, 7);
        TimelineHistory line = archive.history(2).orElseThrow();

        assertThat(archive.missing(line, lsn(2), lsn(8), 10))
                .extracting(WalSegmentName::toString)
                .containsExactly("000000020000000000000005");
        assertThat(archive.missing(line, lsn(2), lsn(10), 2)).hasSize(2);
        assertThat(archive.lastReachable(line, lsn(2)).orElseThrow().toString()).isEqualTo("000000010000000000000004");
        segments(2, 5);
        assertThat(archive.lastReachable(line, lsn(2)).orElseThrow().toString()).isEqualTo("000000020000000000000007");
        assertThat(archive.missing(line, lsn(2), lsn(8), 10)).isEmpty();
        assertThat(archive.firstBehind(WalSegmentName.ofNumber(2, 5, TestPlace.SIZE))
                        .orElseThrow()
                        .toString())
                .isEqualTo("000000020000000000000006");
    }

    private static io.pgbk.postgres.Lsn lsn(int segment) {
        return WalSegmentName.ofNumber(1, segment, TestPlace.SIZE).startLsn(TestPlace.SIZE);
    }
}
