package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageChecksumTest {
    private static final Lsn START = Lsn.parse("1/0");

    private static byte[] page(long seed) {
        byte[] page = new byte[PageChecksum.PAGE_BYTES];
        new Random(seed).nextBytes(page);
        ByteBuffer view = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        view.putInt(0, 0).putInt(4, 0x1234).putShort(14, (short) 8192);
        return page;
    }

    private static void sign(byte[] page, int block) {
        ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).putShort(8, (short) PageChecksum.compute(page, 0, block));
    }

    /** The definition, word by word. */
    private static int plain(byte[] page, int block) {
        ByteBuffer in = ByteBuffer.wrap(page.clone()).order(ByteOrder.LITTLE_ENDIAN);
        in.putShort(8, (short) 0);
        int[] sums = PageChecksum.SEEDS.clone();
        for (int row = 0; row < 66; row++) {
            for (int lane = 0; lane < 32; lane++) {
                int value = row < 64 ? in.getInt(row * 128 + lane * 4) : 0;
                int mixed = sums[lane] ^ value;
                sums[lane] = mixed * 16777619 ^ (mixed >>> 17);
            }
        }
        int hash = block;
        for (int sum : sums) {
            hash ^= sum;
        }
        return (int) (Integer.toUnsignedLong(hash) % 65535) + 1;
    }

    @Test
    void theUnrolledLoopsComputeTheDefinition() {
        for (int i = 0; i < 200; i++) {
            byte[] page = page(i);
            int block = new Random(i).nextInt();
            assertThat(PageChecksum.compute(page, 0, block)).isEqualTo(plain(page, block));
        }
    }

    @Test
    void arraysBuffersAndNativeMemoryGiveTheSame() {
        byte[] bytes = new byte[3 + 2 * PageChecksum.PAGE_BYTES];
        System.arraycopy(page(1), 0, bytes, 3, PageChecksum.PAGE_BYTES);
        System.arraycopy(page(2), 0, bytes, 3 + PageChecksum.PAGE_BYTES, PageChecksum.PAGE_BYTES);
        int expected = plain(page(2), 131_073);
        int offset = 3 + PageChecksum.PAGE_BYTES;
        assertThat(PageChecksum.compute(bytes, offset, 131_073)).isEqualTo(expected);
        assertThat(PageChecksum.compute(ByteBuffer.wrap(bytes, 2, bytes.length - 2), offset, 131_073))
                .isEqualTo(expected);
        assertThat(PageChecksum.compute(
                        ByteBuffer.wrap(bytes, 2, bytes.length - 2).slice(), offset - 2, 131_073))
                .isEqualTo(expected);
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        assertThat(PageChecksum.compute(direct.flip().position(2), offset, 131_073))
                .isEqualTo(expected);
        assertThat(PageChecksum.compute(MemorySegment.ofArray(bytes).asSlice(1), offset - 1, 131_073))
                .isEqualTo(expected);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
            assertThat(PageChecksum.compute(segment, offset, 131_073)).isEqualTo(expected);
        }
    }

    @Test
    void theStoredChecksumDoesNotCount() {
        byte[] page = page(3);
        int before = PageChecksum.compute(page, 0, 7);
        page[8] ^= 0x55;
        page[9] ^= 0x55;
        assertThat(PageChecksum.compute(page, 0, 7)).isEqualTo(before);
    }

    @Test
    void aSoundPageIsSoundAtItsPlaceOnly() {
        byte[] page = page(4);
        sign(page, 42);
        assertThat(PageChecksum.judge(ByteBuffer.wrap(page), 0, 42, START)).isEqualTo(PageVerdict.SOUND);
        assertThat(PageChecksum.judge(ByteBuffer.wrap(page), 0, 43, START)).isEqualTo(PageVerdict.WRONG);
    }

    @Test
    void hazardPageThatIsWrittenDuringTheBackupIsExempt() {
        byte[] page = page(5);
        ByteBuffer view = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        view.putShort(8, (short) (PageChecksum.compute(page, 0, 1) + 1));
        assertThat(PageChecksum.judge(view, 0, 1, START)).isEqualTo(PageVerdict.WRONG);
        view.putInt(0, 1).putInt(4, 0);
        assertThat(PageChecksum.lsn(view, 0)).isEqualTo(START);
        view.putShort(8, (short) (PageChecksum.compute(page, 0, 1) + 1));
        assertThat(PageChecksum.judge(view, 0, 1, START)).isEqualTo(PageVerdict.EXEMPT);
    }

    @Test
    void aNewPageIsAllZero() {
        byte[] page = new byte[PageChecksum.PAGE_BYTES];
        assertThat(PageChecksum.judge(ByteBuffer.wrap(page), 0, 5, START)).isEqualTo(PageVerdict.ZERO);
        page[8000] = 1;
        assertThat(PageChecksum.judge(ByteBuffer.wrap(page), 0, 5, START)).isEqualTo(PageVerdict.WRONG);
    }

    @Test
    void hazardEveryFlippedBitIsNoticedUnlessItIsInTheLsnsFavour() {
        byte[] page = page(6);
        sign(page, 9);
        Random random = new Random(7);
        for (int i = 0; i < 2000; i++) {
            int bit = random.nextInt(64, PageChecksum.PAGE_BYTES * 8);
            page[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(PageChecksum.judge(ByteBuffer.wrap(page), 0, 9, START)).isEqualTo(PageVerdict.WRONG);
            page[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }
}
