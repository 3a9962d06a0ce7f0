package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.RelativePath;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that change between the moment when they are listed and the moment when they are read; wrong pages. */
final class CopyWorkerTest {
    private static final Lsn OLD = new Lsn(0x1000000);

    @TempDir
    private Path directory;

    private CopyFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new CopyFixture(directory);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void readsBackWhatWasCopiedWhateverItsSize() throws IOException {
        byte[][] contents = {
            {},
            {1},
            random(CopyFixture.FRAME_BYTES - 1, 1),
            random(CopyFixture.FRAME_BYTES, 2),
            random(CopyFixture.FRAME_BYTES + 1, 3),
            random((int) CopyFixture.SLICE_BYTES, 4),
            random(3 * (int) CopyFixture.SLICE_BYTES + 4711, 5)
        };
        CopyFile[] files = new CopyFile[contents.length];
        for (int i = 0; i < contents.length; i++) {
            files[i] = fixture.plan("base/file" + i, contents[i]);
        }

        fixture.copy(files);

        Map<String, byte[]> restored = fixture.restored();
        assertThat(restored).hasSize(contents.length);
        for (int i = 0; i < contents.length; i++) {
            assertThat(restored.get("base/file" + i)).isEqualTo(contents[i]);
        }
        assertThat(fixture.totals.files()).isEqualTo(contents.length);
        assertThat(fixture.totals.fileBytes())
                .isEqualTo(Arrays.stream(contents).mapToLong(c -> c.length).sum());
    }

    @Test
    void smallFilesShareFrames() throws IOException {
        CopyFile[] files = new CopyFile[100];
        for (int i = 0; i < files.length; i++) {
            files[i] = fixture.plan("base/small" + i, random(100, i));
        }

        fixture.copy(files);

        assertThat(fixture.entries()).hasSize(100);
        assertThat(fixture.entries().stream()
                        .map(entry -> ((Extent.Stored) entry.extents().getFirst()).frame())
                        .distinct())
                .hasSize(1);
    }

    @Test
    void slicesOfOneFileMayBeCopiedByManyThreadsInAnyOrder() throws IOException {
        byte[] content = random(4 * (int) CopyFixture.SLICE_BYTES + 1000, 7);
        CopyFile file = fixture.plan("base/big", content);

        try (PackWriter one = fixture.newWriter();
                PackWriter other = fixture.newWriter()) {
            CopyWorker left = fixture.newWorker(one);
            CopyWorker right = fixture.newWorker(other);
            right.copy(new WorkUnit.Slice(file, 4));
            left.copy(new WorkUnit.Slice(file, 1));
            right.copy(new WorkUnit.Slice(file, 0));
            left.copy(new WorkUnit.Slice(file, 3));
            right.copy(new WorkUnit.Slice(file, 2));
            left.finish();
            right.finish();
        }

        assertThat(fixture.packs.completed()).hasSizeGreaterThan(1);
        assertThat(fixture.restored().get("base/big")).isEqualTo(content);
    }

    @Test
    void aFileThatVanishesBeforeItIsReadIsLeftOut() throws IOException {
        CopyFile gone = fixture.plan("base/gone", random(3 * (int) CopyFixture.SLICE_BYTES, 1));
        CopyFile stays = fixture.plan("base/stays", random(100, 2));
        Files.delete(gone.source().file());

        fixture.copy(gone, stays);

        assertThat(fixture.restored()).containsOnlyKeys("base/stays");
        assertThat(fixture.totals.files()).isEqualTo(1);
    }

    @Test
    void aFileThatVanishesWhileItIsReadIsReadToItsEnd() throws IOException {
        byte[] content = random(2 * (int) CopyFixture.SLICE_BYTES, 3);
        CopyFile file = fixture.plan("base/unlinked", content);

        try (PackWriter writer = fixture.newWriter()) {
            CopyWorker worker = fixture.newWorker(writer);
            worker.copy(new WorkUnit.Slice(file, 0));
            Files.delete(file.source().file());
            worker.copy(new WorkUnit.Slice(file, 1));
            worker.finish();
        }

        assertThat(fixture.restored().get("base/unlinked")).isEqualTo(content);
    }

    @Test
    void whatAFileGrewByIsLeftToTheWal() throws IOException {
        byte[] content = random(100_000, 4);
        CopyFile file = fixture.plan("base/growing", content);
        Files.write(file.source().file(), random(50_000, 5), java.nio.file.StandardOpenOption.APPEND);

        fixture.copy(file);

        assertThat(fixture.restored().get("base/growing")).isEqualTo(content);
    }

    @Test
    void aFileThatShrankIsPaddedWithZerosToTheSizeThatWasSeenFirst() throws IOException {
        byte[] content = random(3 * (int) CopyFixture.SLICE_BYTES, 6);
        CopyFile file = fixture.plan("base/shrinking", content);
        int kept = (int) CopyFixture.SLICE_BYTES + 12_345;
        try (RandomAccessFile handle = new RandomAccessFile(file.source().file().toFile(), "rw")) {
            handle.setLength(kept);
        }

        fixture.copy(file);

        byte[] expected = Arrays.copyOf(Arrays.copyOf(content, kept), content.length);
        assertThat(fixture.restored().get("base/shrinking")).isEqualTo(expected);
        assertThat(fixture.totals.readBytes()).isEqualTo(kept);
    }

    @Test
    void ofAPageThatARelationHasOnlyAPartOfNothingIsKept() throws IOException {
        byte[] pages = Pages.sound(10, 0, OLD, 1);
        CopyFile file = fixture.plan("base/5/16384", pages);
        try (RandomAccessFile handle = new RandomAccessFile(file.source().file().toFile(), "rw")) {
            handle.setLength(3 * Pages.BYTES + 4711);
        }

        fixture.copy(file);

        byte[] expected = Arrays.copyOf(Arrays.copyOf(pages, 3 * Pages.BYTES), pages.length);
        assertThat(fixture.restored().get("base/5/16384")).isEqualTo(expected);
        assertThat(fixture.failures.count()).isZero();
    }

    @Test
    void aWrongPageThatIsGoneAtTheSecondLookBecomesZeros() throws IOException {
        byte[] pages = Pages.sound(2, 0, OLD, 1);
        pages[Pages.BYTES + 100]++;
        CopyFile file = fixture.plan("base/5/16384", Arrays.copyOf(pages, Pages.BYTES));
        RelationFile relation = Objects.requireNonNull(file.source().relation());

        boolean replaced;
        try (FileChannel shrunk = FileChannel.open(file.source().file())) {
            replaced = fixture.newChecker()
                    .checkPage(file.source(), relation, shrunk, ByteBuffer.wrap(pages), Pages.BYTES, 0);
        }

        assertThat(replaced).isTrue();
        assertThat(Arrays.copyOfRange(pages, Pages.BYTES, pages.length)).isEqualTo(new byte[Pages.BYTES]);
        assertThat(fixture.failures.count()).isZero();
    }

    @Test
    void aFileThatWasTruncatedToZeroBecomesZeros() throws IOException {
        CopyFile file = fixture.plan("base/5/16384", Pages.sound(10, 0, OLD, 1));
        Files.write(file.source().file(), new byte[0]);

        fixture.copy(file);

        assertThat(fixture.restored().get("base/5/16384")).isEqualTo(new byte[10 * Pages.BYTES]);
        assertThat(fixture.failures.count()).isZero();
    }

    @Test
    void soundNewAndExemptPagesAreNoFailures() throws IOException {
        byte[] pages = Pages.sound(20, 0, OLD, 2);
        Arrays.fill(pages, 3 * Pages.BYTES, 4 * Pages.BYTES, (byte) 0);
        byte[] torn = Pages.sound(1, 5, CopyFixture.START.plus(100), 3);
        torn[5000] ^= 1;
        System.arraycopy(torn, 0, pages, 5 * Pages.BYTES, Pages.BYTES);

        fixture.copy(fixture.plan("base/5/16384", pages), fixture.plan("base/5/16384_vm", Pages.sound(1, 0, OLD, 4)));

        assertThat(fixture.failures.count()).isZero();
        assertThat(fixture.restored().get("base/5/16384")).isEqualTo(pages);
    }

    @Test
    void pageChecksumThatStaysWrongIsRecordedWithFileAndBlockAndTheCopyGoesOn() throws IOException {
        byte[] pages = Pages.sound(100, 131072, OLD, 5);
        pages[70 * Pages.BYTES + 4000] ^= 1;
        pages[99 * Pages.BYTES + 8191] ^= 1;

        fixture.copy(fixture.plan("base/5/16384.1", pages));

        assertThat(fixture.failures.named())
                .containsExactly(
                        new PageFailures.Failure(new RelativePath("base/5/16384.1"), 70),
                        new PageFailures.Failure(new RelativePath("base/5/16384.1"), 99));
        assertThat(fixture.restored().get("base/5/16384.1")).isEqualTo(pages);
        assertThat(fixture.warnings).anyMatch(warning -> warning.contains("page 70 of 'base/5/16384.1'"));
    }

    @Test
    void pageOfAFreeSpaceMapThatFailsItsChecksumIsOnlyAWarning() throws IOException {
        byte[] pages = Pages.sound(3, 0, OLD, 6);
        pages[Pages.BYTES + 100] ^= 1;

        fixture.copy(fixture.plan("base/5/16384_fsm", pages));

        assertThat(fixture.failures.count()).isZero();
        assertThat(fixture.warnings).singleElement().asString().contains("free space map");
    }

    @Test
    void pageThatClaimsToBeFromTheFutureIsRecordedAtTheEnd() throws IOException {
        byte[] pages = Pages.sound(4, 0, OLD, 7);
        byte[] garbage = Pages.sound(1, 2, new Lsn(0x7000_0000_0000L), 8);
        garbage[6000] ^= 1;
        System.arraycopy(garbage, 0, pages, 2 * Pages.BYTES, Pages.BYTES);

        fixture.copy(fixture.plan("base/5/16384", pages));

        assertThat(fixture.failures.count()).isZero();
        assertThat(fixture.future.after(CopyFixture.START.plus(1_000_000)))
                .extracting(FuturePages.Page::block)
                .containsExactly(2L);
        assertThat(fixture.future.after(new Lsn(0x7000_0000_0001L))).isEmpty();
    }

    @Test
    void partOfAPageAtTheEndOfARelationIsCopiedAsItIs() throws IOException {
        byte[] pages = Arrays.copyOf(Pages.sound(3, 0, OLD, 9), 2 * Pages.BYTES + 100);

        fixture.copy(fixture.plan("base/5/16384", pages));

        assertThat(fixture.failures.count()).isZero();
        assertThat(fixture.restored().get("base/5/16384")).isEqualTo(pages);
    }

    @Test
    void zerosAreNotStoredWhetherTheyAreHolesOrPages() throws IOException {
        int frame = CopyFixture.FRAME_BYTES;
        byte[] content = new byte[4 * frame + 100];
        System.arraycopy(random(frame, 10), 0, content, frame, frame);
        CopyFile file = fixture.plan("base/5/16384", content);
        CopyFile small = fixture.plan("base/5/16385", new byte[Pages.BYTES]);

        fixture.copy(file, small);

        assertThat(fixture.entries())
                .filteredOn(entry -> entry.size() == content.length)
                .singleElement()
                .satisfies(entry -> assertThat(entry.extents())
                        .satisfiesExactly(
                                first -> assertThat(first).isEqualTo(new Extent.Zeros(frame)),
                                stored -> assertThat(stored).isInstanceOf(Extent.Stored.class),
                                rest -> assertThat(rest).isEqualTo(new Extent.Zeros(2L * frame + 100))));
        assertThat(fixture.restored().get("base/5/16384")).isEqualTo(content);
        assertThat(fixture.restored().get("base/5/16385")).isEqualTo(new byte[Pages.BYTES]);
    }
}
