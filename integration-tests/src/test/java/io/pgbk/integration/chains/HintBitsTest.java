package io.pgbk.integration.chains;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HintBitsTest {
    private static byte[] page(int special, int... items) {
        ByteBuffer page = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
        page.putShort(12, (short) (24 + 4 * items.length))
                .putShort(14, (short) 8000)
                .putShort(16, (short) special)
                .putShort(18, (short) 0x2004);
        for (int i = 0; i < items.length; i++) {
            page.putInt(24 + 4 * i, items[i]);
        }
        return page.array();
    }

    private static int item(int offset, int flags) {
        return offset | (flags << 15) | (40 << 17);
    }

    /** How many single bits can be another without a difference. */
    private static int free(byte[] page) {
        byte[] cleared = page.clone();
        HintBits.clear(cleared);
        int free = 0;
        for (int bit = 0; bit < 8 * page.length; bit++) {
            byte[] other = page.clone();
            other[bit / 8] ^= (byte) (1 << bit % 8);
            HintBits.clear(other);
            free += Arrays.equals(cleared, other) ? 1 : 0;
        }
        return free;
    }

    @Test
    void ofAHeapPageTheHintsOfTheHeaderAndOfEachTuple() {
        assertThat(free(page(8192, item(8000, 1), item(8050, 1), item(0, 0)))).isEqualTo(2 + 32 + 2 * 4);
    }

    @Test
    void ofAnIndexPageDeadEntriesAndTheirFlagToo() {
        // One bit between normal and dead, one that says that there are some.
        assertThat(free(page(8176, item(8000, 1), item(8050, 1)))).isEqualTo(2 + 32 + 2 + 1);
    }

    @Test
    void ofWhatIsNoPageNothing() {
        byte[] zeros = new byte[8192];
        assertThat(free(zeros)).isZero();
    }
}
