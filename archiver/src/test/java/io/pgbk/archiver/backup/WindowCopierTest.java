package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelativePath;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a backup that is built on another stores, and what it takes over. */
final class WindowCopierTest {
    private static final Lsn OLD = new Lsn(0x1000000);
    private static final Lsn PARENT_START = new Lsn(0x1800000);
    private static final String RELATION = "base/5/16384";
    private static final int WINDOW_PAGES = FormatLimits.WINDOW_BYTES / Pages.BYTES;

    @TempDir
    private Path directory;

    private final List<CopyFixture> fixtures = new ArrayList<>();
    private final List<SummaryGuide> guides = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        fixtures.add(new CopyFixture(directory, 2 * FormatLimits.WINDOW_BYTES));
    }

    @AfterEach
    void close() {
        fixtures.reversed().forEach(CopyFixture::close);
        guides.forEach(SummaryGuide::close);
    }

    private CopyFixture full(String path, byte[] content) throws IOException {
        CopyFixture full = fixtures.getFirst();
        full.copy(full.plan(path, content));
        return full;
    }

    /** The next backup of the one file, built on the last one and proved to hold the content. */
    private CopyFixture next(String path, byte[] content) throws IOException {
        return proved(fixtures.getLast().next(directory, fixtures.size() + 1), path, content);
    }

    private CopyFixture proved(CopyFixture next, String path, byte[] content) throws IOException {
        fixtures.add(next);
        next.copy(next.plan(path, content));
        assertThat(next.restored().get(path)).isEqualTo(content);
        return next;
    }

    /** Raw bytes in packs that the backup wrote itself. */
    private static long written(CopyFixture backup) {
        String own = backup.packs.completed().stream()
                .map(PackRef::path)
                .map(path -> path.substring(0, path.lastIndexOf('/')))
                .max(String::compareTo)
                .orElse("");
        return backup.packs.completed().stream()
                .filter(pack -> pack.path().startsWith(own))
                .mapToLong(PackRef::rawLength)
                .sum();
    }

    private static Set<Extent.Frame> frames(FileEntry entry, int window) {
        Set<Extent.Frame> frames = new HashSet<>();
        long at = 0;
        for (Extent extent : entry.extents()) {
            long start = (long) window * FormatLimits.WINDOW_BYTES;
            if (at < start + FormatLimits.WINDOW_BYTES
                    && at + extent.length() > start
                    && extent instanceof Extent.Stored stored) {
                frames.add(stored.frame());
            }
            at += extent.length();
        }
        return frames;
    }

    private static void change(byte[] content, int page, long seed) {
        System.arraycopy(Pages.sound(1, page, OLD, seed), 0, content, page * Pages.BYTES, Pages.BYTES);
    }

    @Test
    void storesJustThePagesThatChangedWhateverTheirLsnSays() throws IOException {
        byte[] content = Pages.sound(5 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        change(content, 3, 100);
        change(content, 4, 101);
        change(content, 70, 102);

        CopyFixture next = next(RELATION, content);

        assertThat(written(next)).isEqualTo(3L * Pages.BYTES);
        assertThat(next.packs.completed()).hasSizeGreaterThan(1);
    }

    @Test
    void storesNothingWhenNothingChanged() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES + 7, 0, OLD, 1);
        CopyFixture full = full(RELATION, content);

        CopyFixture next = next(RELATION, content);

        assertThat(next.packs.completed()).isEqualTo(full.packs.completed());
        assertThat(next.entries().getFirst().extents())
                .isEqualTo(full.entries().getFirst().extents());
        for (int pack = 0; pack < next.packs.completed().size(); pack++) {
            assertThat(next.parentPacks().usedBytes(pack))
                    .isPositive()
                    .isLessThanOrEqualTo(next.packs.completed().get(pack).length());
        }
    }

    @Test
    void aWindowIsNeverMadeOfMoreThanFourFramesHoweverLongTheChain() throws IOException {
        byte[] content = Pages.sound(2 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        Random random = new Random(7);
        for (int backup = 0; backup < 12; backup++) {
            for (int i = 0; i < 3; i++) {
                change(content, random.nextInt(2 * WINDOW_PAGES), 1000 + 10 * backup + i);
            }

            CopyFixture next = next(RELATION, content);

            for (int window = 0; window < 2; window++) {
                assertThat(frames(next.entries().getFirst(), window))
                        .hasSizeLessThanOrEqualTo(WindowCopier.MOST_FRAMES);
            }
        }
    }

    @Test
    void filesThatGrowShrinkAndLoseHalfAPageReadBack() throws IOException {
        byte[] content = Pages.sound(4 * WINDOW_PAGES + 5, 0, OLD, 1);
        full(RELATION, content);
        for (int length : List.of(
                content.length - 3 * Pages.BYTES,
                content.length - 100,
                FormatLimits.WINDOW_BYTES + 8 * Pages.BYTES,
                content.length,
                1,
                2 * FormatLimits.WINDOW_BYTES,
                0,
                content.length)) {
            next(RELATION, Arrays.copyOf(content, length));
        }
    }

    @Test
    void pagesOfZerosAreNotStoredAndTakenForTheSameLater() throws IOException {
        byte[] content = Pages.sound(4 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        Arrays.fill(content, 0, 2 * FormatLimits.WINDOW_BYTES, (byte) 0);

        CopyFixture zeroed = next(RELATION, content);
        assertThat(zeroed.entries().getFirst().extents().getFirst())
                .isEqualTo(new Extent.Zeros(2L * FormatLimits.WINDOW_BYTES));

        change(content, 1, 200);
        assertThat(written(next(RELATION, content))).isEqualTo(Pages.BYTES);
    }

    @Test
    void otherFilesAreTakenOverWindowByWindow() throws IOException {
        byte[] content = new byte[3 * FormatLimits.WINDOW_BYTES + 1000];
        new Random(3).nextBytes(content);
        full("pg_xact/0000", content);
        content[FormatLimits.WINDOW_BYTES + 5]++;

        assertThat(written(next("pg_xact/0000", content))).isEqualTo(FormatLimits.WINDOW_BYTES);
    }

    @Test
    void whatLiesInAPackThatIsMissingOrSuspectIsStoredAnew() throws IOException {
        byte[] content = Pages.sound(8 * WINDOW_PAGES, 0, OLD, 1);
        CopyFixture full = full(RELATION, content);
        assertThat(full.packs.completed()).hasSizeGreaterThan(1);
        BitSet usable = new BitSet();
        usable.set(1, full.packs.completed().size());

        CopyFixture next = proved(full.next(directory, 2, usable), RELATION, content);

        assertThat(written(next)).isEqualTo(full.packs.completed().getFirst().rawLength());
        assertThat(next.packs.completed()).doesNotContain(full.packs.completed().getFirst());
    }

    @Test
    void aPackWhoseIndexIsDamagedIsUsedNoMore() throws IOException {
        byte[] content = Pages.sound(WINDOW_PAGES, 0, OLD, 1);
        CopyFixture full = full(RELATION, content);
        PackRef pack = full.packs.completed().getFirst();
        try (RandomAccessFile file = new RandomAccessFile(
                directory.resolve("store").resolve(pack.path()).toFile(), "rw")) {
            file.seek(pack.length() - 200);
            file.write(new byte[100]);
        }
        change(content, 3, 100);

        CopyFixture next = next(RELATION, content);

        assertThat(written(next)).isEqualTo(content.length);
        assertThat(next.warnings).singleElement().asString().contains(pack.path());
    }

    @Test
    void nobodyAsksForPageDigestsOfAWindowThatIsZeroNow() throws IOException {
        byte[] content = Pages.sound(WINDOW_PAGES, 0, OLD, 1);
        CopyFixture full = full(RELATION, content);
        PackRef pack = full.packs.completed().getFirst();
        try (RandomAccessFile file = new RandomAccessFile(
                directory.resolve("store").resolve(pack.path()).toFile(), "rw")) {
            file.seek(pack.length() - 200);
            file.write(new byte[100]);
        }

        CopyFixture next = next(RELATION, new byte[content.length]);

        assertThat(next.warnings).isEmpty();
        assertThat(next.packs.completed()).isEmpty();
    }

    @Test
    void knownBadPagesThatAreTakenOverStayKnown() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        content[5 * Pages.BYTES + 100]++;
        content[40 * Pages.BYTES + 100]++;
        CopyFixture full = full(RELATION, content);
        assertThat(full.failures.count()).isEqualTo(2);
        change(content, 40, 7);
        change(content, 6, 8);

        CopyFixture next = next(RELATION, content);

        assertThat(next.failures.named())
                .extracting(PageFailures.Failure::block)
                .containsExactly(5L);
        assertThat(next.failures.count()).isEqualTo(1);
    }

    @Test
    void whatTheParentVerifiedIsNotVerifiedAgain() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        content[5 * Pages.BYTES + 100]++;
        content[40 * Pages.BYTES + 100]++;
        CopyFixture full = full(RELATION, content);
        full.failures.forget(file -> true);
        change(content, 6, 8);

        // Only a look at them could tell that these pages are bad: nobody looked.
        assertThat(next(RELATION, content).failures.count()).isZero();
    }

    @Test
    void pagesThatTheParentDidNotVerifyAreVerified() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        content[5 * Pages.BYTES + 100]++;
        content[40 * Pages.BYTES + 100]++;
        CopyFixture full = full(RELATION, content);
        full.failures.forget(file -> true);
        full.notVerified();
        change(content, 6, 8);

        assertThat(next(RELATION, content).failures.named())
                .extracting(PageFailures.Failure::block)
                .containsExactly(5L, 40L);
    }

    @Test
    void hazardATornPageThatWasExemptInTheParentIsVerifiedOnceReplayDoesNotRestoreItAnyMore() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        byte[] torn = Pages.sound(1, 40, CopyFixture.START.plus(100), 3);
        torn[5000] ^= 1;
        System.arraycopy(torn, 0, content, 40 * Pages.BYTES, Pages.BYTES);
        CopyFixture full = full(RELATION, content);
        assertThat(full.failures.count()).isZero();

        CopyFixture next = full.next(directory, 2);
        next.startingAt(CopyFixture.START.plus(1000));
        proved(next, RELATION, content);

        assertThat(next.failures.named())
                .extracting(PageFailures.Failure::block)
                .containsExactly(40L);
        assertThat(written(next)).isEqualTo(written(full)); // nothing of its own
    }

    @Test
    void changedPagesThatAreWrongAreRecorded() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        content[40 * Pages.BYTES + 100]++;

        CopyFixture next = next(RELATION, content);

        assertThat(next.failures.named())
                .extracting(PageFailures.Failure::block)
                .containsExactly(40L);
        assertThat(written(next)).isEqualTo(Pages.BYTES);
    }

    @Test
    void hazardAPageThatWasSoundAtASecondLookIsComparedAndDigestedAsItIsStored() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        CopyFixture full = full(RELATION, content);
        byte[] torn = Arrays.copyOf(content, FormatLimits.WINDOW_BYTES);
        torn[7 * Pages.BYTES + 100]++;
        List<Integer> looked = new ArrayList<>();
        Pieces pieces = new Pieces();

        CopyFixture next = full.next(directory, 2);
        fixtures.add(next);
        WindowDigests digests;
        try (PackWriter writer = next.newWriter()) {
            digests = next.newCopier(writer)
                    .copy(
                            Objects.requireNonNull(next.inParent(RELATION)),
                            new WindowCopier.Window(new RelativePath(RELATION), 0, torn, torn.length, true, offset -> {
                                looked.add(offset);
                                System.arraycopy(content, offset, torn, offset, Pages.BYTES);
                                return true;
                            }),
                            pieces);
        }

        assertThat(looked).containsExactly(7 * Pages.BYTES);
        FileEntry stored = full.entries().getFirst();
        assertThat(digests.sameWindow(0, stored.windows(), 0)).isTrue();
        assertThat(pieces.isSealed()).isTrue();
        assertThat(next.packs.completed()).hasSize(1).isSubsetOf(full.packs.completed());
    }

    /** The next backup, of which summaries say that just these windows have changed, with windows of a sample. */
    private CopyFixture guided(int sampleOneIn, int... changedWindows) throws IOException {
        CopyFixture next = fixtures.getLast().next(directory, fixtures.size() + 1);
        fixtures.add(next);
        BitSet changed = new BitSet();
        Arrays.stream(changedWindows).forEach(changed::set);
        SummaryGuide guide = new SummaryGuide(
                new ChangedWindows(directory, 131072), PARENT_START, CopyFixture.START, sampleOneIn, 4711);
        guides.add(guide);
        next.guided(guide, changed);
        return next;
    }

    @Test
    void windowsThatNoSummaryListsAreTakenOverUnread() throws IOException {
        byte[] content = Pages.sound(8 * WINDOW_PAGES + 3, 0, OLD, 1);
        full(RELATION, content);
        change(content, 2 * WINDOW_PAGES + 5, 100);
        byte[] expected = content.clone();
        change(content, 4 * WINDOW_PAGES, 200); // nobody may see it

        CopyFixture next = guided(Integer.MAX_VALUE, 2);
        next.copy(next.plan(RELATION, content));

        assertThat(next.restored().get(RELATION)).isEqualTo(expected);
        assertThat(next.totals.readBytes()).isEqualTo(FormatLimits.WINDOW_BYTES);
        assertThat(written(next)).isEqualTo(Pages.BYTES);
        assertThat(guides.getLast().skippedBytes()).isEqualTo(content.length - FormatLimits.WINDOW_BYTES);
        assertThat(next.totals.fileBytes()).isEqualTo(content.length);
    }

    @Test
    void aFileOfWhichNothingIsReadNeedNotBeThereAnyMore() throws IOException {
        byte[] content = Pages.sound(3 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);

        CopyFixture next = guided(Integer.MAX_VALUE);
        CopyFile file = next.plan(RELATION, content);
        Files.delete(next.source.resolve(RELATION));
        next.copy(file);

        assertThat(next.restored().get(RELATION)).isEqualTo(content);
        assertThat(next.totals.readBytes()).isZero();

        CopyFixture another = guided(Integer.MAX_VALUE, 1);
        file = another.plan(RELATION, content);
        Files.delete(another.source.resolve(RELATION));
        another.copy(file);

        assertThat(another.entries()).isEmpty();
    }

    @Test
    void whatGrewOrShrankAndWhatFailedItsChecksumIsReadThoughNoSummaryListsIt() throws IOException {
        byte[] content = Pages.sound(4 * WINDOW_PAGES + 3, 0, OLD, 1);
        content[WINDOW_PAGES * Pages.BYTES + 100]++;
        CopyFixture full = full(RELATION, content);
        assertThat(full.failures.count()).isEqualTo(1);
        content[WINDOW_PAGES * Pages.BYTES + 100]--;
        byte[] grown = Arrays.copyOf(content, content.length + Pages.BYTES);
        System.arraycopy(Pages.sound(1, 4 * WINDOW_PAGES + 3, OLD, 5), 0, grown, content.length, Pages.BYTES);

        CopyFixture next = guided(Integer.MAX_VALUE);
        next.copy(next.plan(RELATION, grown));

        assertThat(next.restored().get(RELATION)).isEqualTo(grown);
        assertThat(next.failures.count()).isZero();
        assertThat(next.totals.readBytes()).isEqualTo(FormatLimits.WINDOW_BYTES + 4L * Pages.BYTES);
    }

    @Test
    void ofTheWindowsThatNoSummaryListsASampleIsReadAndHintsAreStoredAndCounted() throws IOException {
        byte[] content = Pages.sound(64 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        for (int window = 0; window < 64; window++) {
            change(content, window * WINDOW_PAGES + 5, 100 + window);
        }

        CopyFixture next = guided(4);
        next.copy(next.plan(RELATION, content));

        assertThat(guides.getLast().readWindows()).isBetween(4L, 40L);
        assertThat(guides.getLast().hintOnlyPages()).isEqualTo(guides.getLast().readWindows());
        assertThat(next.totals.readBytes()).isEqualTo(guides.getLast().readWindows() * FormatLimits.WINDOW_BYTES);
        assertThat(written(next)).isEqualTo(guides.getLast().readWindows() * Pages.BYTES);
    }

    @Test
    void hazardAPageWithAnLsnOfTheSummariesRangeThatTheyDoNotListProvesThemWrong() throws IOException {
        byte[] content = Pages.sound(2 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        System.arraycopy(Pages.sound(1, 40, new Lsn(0x1900000), 9), 0, content, 40 * Pages.BYTES, Pages.BYTES);

        CopyFixture next = guided(1);

        assertThatThrownBy(() -> next.copy(next.plan(RELATION, content)))
                .isInstanceOf(SummaryDisagreement.class)
                .hasMessageContaining("page 40 of '" + RELATION + "' was changed at 0/1900000");
    }

    @Test
    void pagesThatChangedAfterTheBackupBeganOrAreZeroOrFailProveNothing() throws IOException {
        byte[] content = Pages.sound(2 * WINDOW_PAGES, 0, OLD, 1);
        full(RELATION, content);
        System.arraycopy(Pages.sound(1, 3, new Lsn(0x2000100), 9), 0, content, 3 * Pages.BYTES, Pages.BYTES);
        Arrays.fill(content, 4 * Pages.BYTES, 5 * Pages.BYTES, (byte) 0);
        System.arraycopy(Pages.sound(1, 6, new Lsn(0x1900000), 9), 0, content, 6 * Pages.BYTES, Pages.BYTES);
        content[6 * Pages.BYTES + 100]++;

        CopyFixture next = guided(1);
        next.copy(next.plan(RELATION, content));

        assertThat(next.restored().get(RELATION)).isEqualTo(content);
        assertThat(guides.getLast().hintOnlyPages()).isZero();
        assertThat(guides.getLast().readWindows()).isEqualTo(2);
        assertThat(next.failures.count()).isEqualTo(1);
    }
}
