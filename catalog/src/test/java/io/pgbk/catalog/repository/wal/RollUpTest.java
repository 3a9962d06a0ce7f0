package io.pgbk.catalog.repository.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.SegmentOutline;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.WalPages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roll-ups: when they are made, and that what is wrong with one is found. */
class RollUpTest {
    private static final Instant TIME = Instant.parse("2026-11-21T03:00:00Z");
    /** A log has 4096 segments of 1 MiB; archiving began just before its end. */
    private static final int FIRST = 4092;

    private static final int LAST = 4095;

    @TempDir
    Path directory;

    private TestPlace place;
    private ClusterCatalog cluster;
    private WalArchive archive;

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory, new ManualTime());
        cluster = place.cluster();
        archive = cluster.wal(cluster.newestIncarnation());
    }

    @AfterEach
    void close() {
        cluster.repository().close();
    }

    private void push(int number) {
        archive.put(TestPlace.indexed(
                WalSegmentName.ofNumber(1, number, TestPlace.SIZE),
                new WalPages(TestPlace.SYSTEM, 1, number, 1)
                        .commit(700 + number, TIME.plusSeconds(number))
                        .switchSegment()
                        .segment(0)));
    }

    private void pushAll(int first, int last) {
        for (int number = first; number <= last; number++) {
            push(number);
        }
    }

    private int write() {
        return new RollUpWriter(archive, TaskMonitor.SILENT).run(List.of());
    }

    private RollUpPlace only() {
        assertThat(archive.rollUps().list(1)).hasSize(1);
        return archive.rollUps().list(1).getFirst();
    }

    private Path file(String key) {
        return place.directory().resolve(key);
    }

    private List<Finding> findings() {
        return RepositoryChecker.findings(cluster.repository());
    }

    @Test
    void aCompleteLogIsRolledUpOnceAndTheRollUpAnswersAsTheSegmentsDo() {
        pushAll(FIRST, LAST);
        assertThat(write()).isEqualTo(1);
        assertThat(write()).isZero();
        assertThat(only().key()).endsWith("wal-index/1/00000001/000000010000000000000FFC-000000010000000000000FFF");
        WalRollUp rollUp = archive.rollUps().read(only());
        assertThat(rollUp.entries()).hasSize(LAST - FIRST + 1);
        rollUp.outlines(archive.log(1, 0)).forEach((name, outline) -> {
            var index = archive.readIndex(archive.log(1, 0).only(name).orElseThrow())
                    .orElseThrow();
            assertThat(outline.isIndexed()).isTrue();
            assertThat(outline.highestCommitTime()).isEqualTo(index.highestCommitTime());
            assertThat(outline.firstRecordLsn()).isEqualTo(index.firstRecordLsn());
            assertThat(outline.lastRecordEndLsn()).isEqualTo(index.lastRecordEndLsn());
            int number = (int) name.number(TestPlace.SIZE);
            assertThat(outline.mayEndTransaction(700 + number)).isTrue();
            assertThat(outline.mayEndTransaction(701 + number)).isFalse();
        });
        assertThat(rollUp.outlines()).hasSameSizeAs(rollUp.entries());
        place.assertSound();
    }

    @Test
    void aLogIsNotRolledUpBeforeItIsComplete() {
        pushAll(FIRST, LAST - 1);
        assertThat(write()).isZero();
        push(LAST + 1);
        assertThat(write()).as("its last segment is missing").isZero();
        push(LAST);
        assertThat(write()).isEqualTo(1);
    }

    @Test
    void aSegmentThatVanishedCameBackOrGotAVersionBesideIsNotAnsweredFromTheRollUp() throws IOException {
        pushAll(FIRST, LAST);
        write();
        WalRollUp rollUp = archive.rollUps().read(only());
        WalSegmentName gone = WalSegmentName.ofNumber(1, FIRST, TestPlace.SIZE);
        WalSegmentName twice = WalSegmentName.ofNumber(1, FIRST + 1, TestPlace.SIZE);
        WalSegmentName other = WalSegmentName.ofNumber(1, FIRST + 2, TestPlace.SIZE);
        Files.delete(file(archive.log(1, 0).only(gone).orElseThrow().key()));
        archive.put(TestPlace.indexed(
                twice,
                new WalPages(TestPlace.SYSTEM, 1, FIRST + 1, 1)
                        .commit(700 + FIRST + 1, TIME.plusSeconds(FIRST + 1))
                        .segment(0)));
        Files.delete(file(archive.log(1, 0).only(other).orElseThrow().key()));
        archive.put(TestPlace.indexed(
                other,
                new WalPages(TestPlace.SYSTEM, 1, FIRST + 2, 1)
                        .commit(1, TIME)
                        .commit(900_000, TIME.plusSeconds(9_000_000))
                        .segment(0)));
        assertThat(rollUp.outlines(archive.log(1, 0)))
                .containsOnlyKeys(WalSegmentName.ofNumber(1, LAST, TestPlace.SIZE));
        ListingDigest listed = new ListingDigest();
        archive.objects(1)
                .forEachRemaining(object -> listed.add(
                        ((io.pgbk.postgres.WalFileName.Segment) object.name()).name(),
                        object.variant(),
                        object.storedBytes()));
        assertThat(rollUp.listingDigest()).isNotEqualTo(listed.finish());
        // It is not damaged either: it says what was so.
        assertThat(findings().stream().map(Finding::object)).doesNotContain(rollUp.key());
    }

    @Test
    void theRollUpOfALogThatIsGoneGoesToo() throws IOException {
        pushAll(FIRST, LAST + 1);
        write();
        for (WalSegmentName name : archive.log(1, 0).names()) {
            Files.delete(file(archive.log(1, 0).only(name).orElseThrow().key()));
        }
        Files.delete(file("clusters/main/wal/1/00000001/00000000"));
        assertThat(write()).isZero();
        assertThat(archive.rollUps().list(1)).isEmpty();
    }

    @Test
    void aDamagedRollUpIsFoundAndMadeAgain() throws IOException {
        pushAll(FIRST, LAST);
        write();
        Path file = file(only().key());
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 1;
        file.toFile().setWritable(true);
        Files.write(file, content);
        assertThatThrownBy(() -> archive.rollUps().read(only()))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
        assertThat(findings())
                .extracting(Finding::object, Finding::kind)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(only().key(), Finding.Kind.DAMAGED));
        assertThat(new RollUpWriter(archive, TaskMonitor.SILENT).run(List.of(only().key())))
                .isEqualTo(1);
        place.assertSound();
    }

    @Test
    void aRollUpThatSaysSomethingElseThanItsSegmentsIsFoundWhenTheyAreRead() {
        pushAll(FIRST, LAST);
        WalLog log = archive.log(1, 0);
        List<WalRollUp.Entry> entries = new ArrayList<>();
        for (WalSegmentName name : log.names()) {
            WalObject object = log.only(name).orElseThrow();
            var info = archive.readInfo(object);
            Bytes outline = RollUpWriter.outline(
                    name.equals(log.names().getLast())
                            ? archive.readInfo(log.only(log.names().getFirst()).orElseThrow())
                            : info);
            entries.add(new WalRollUp.Entry(name, object.storedBytes(), info.rawSha256(), outline));
        }
        assertThat(archive.rollUps().create(log.names().getFirst(), log.names().getLast(), entries))
                .isEqualTo(CreateOutcome.CREATED);
        assertThat(findings()).singleElement().satisfies(finding -> {
            assertThat(finding.object()).isEqualTo(only().key());
            assertThat(finding.message()).contains(log.names().getLast().toString());
        });
    }

    @Test
    void aRollUpOfAnotherLogUnderThisNameIsRefused() throws IOException {
        pushAll(FIRST, LAST);
        write();
        RollUpPlace made = only();
        WalSegmentName first = new WalSegmentName(1, 7, 4092);
        RollUpPlace elsewhere = new RollUpPlace(
                made.key().replace("000000010000000000000F", "000000010000000700000F"),
                first,
                new WalSegmentName(1, 7, 4095),
                made.storedBytes());
        Files.copy(file(made.key()), file(elsewhere.key()));
        assertThatThrownBy(() -> archive.rollUps().read(elsewhere))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void aSegmentWithTooMuchToSayIsLeftToItsOwnIndex() {
        WalPages pages = new WalPages(TestPlace.SYSTEM, 1, LAST, 1);
        for (int i = 0; i < 1000; i++) {
            pages.commit(1000 + 1000 * i, TIME.plusSeconds(i));
        }
        WalUpload upload = TestPlace.indexed(
                WalSegmentName.ofNumber(1, LAST, TestPlace.SIZE),
                pages.switchSegment().segment(0));
        assertThat(SegmentOutline.bytesOf(upload.index())).isEmpty();
        archive.put(upload);
        assertThat(write()).isEqualTo(1);
        WalRollUp rollUp = archive.rollUps().read(only());
        assertThat(rollUp.entries()).hasSize(1);
        assertThat(rollUp.outlines()).isEmpty();
        place.assertSound();
    }

    @Test
    void aSegmentWhoseRecordsNobodyReadIsUnknownInTheRollUpToo() {
        WalSegmentName name = WalSegmentName.ofNumber(1, LAST, TestPlace.SIZE);
        archive.put(TestPlace.segment(name.toString()));
        assertThat(write()).isEqualTo(1);
        assertThat(archive.rollUps().read(only()).outlines())
                .hasEntrySatisfying(
                        name, outline -> assertThat(outline.isIndexed()).isFalse());
    }
}
