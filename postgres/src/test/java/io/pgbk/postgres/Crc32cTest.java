package io.pgbk.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class Crc32cTest {
    private static int crc(byte[] bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }

    @Test
    void theCrcsOfPiecesCombineToTheCrcOfTheWhole() {
        Random random = new Random(1);
        byte[] bytes = new byte[300_000];
        random.nextBytes(bytes);
        for (int i = 0; i < 200; i++) {
            int cut = random.nextInt(bytes.length + 1);
            int end = random.nextInt(cut, bytes.length + 1);
            assertThat(Crc32c.combine(crc(bytes, 0, cut), crc(bytes, cut, end), end - cut))
                    .isEqualTo(crc(bytes, 0, end));
        }
    }

    @Test
    void theCrcOfZerosNeedsNoZeros() {
        byte[] zeros = new byte[100_000];
        for (int length : new int[] {0, 1, 7, 8, 8192, 99_999}) {
            assertThat(Crc32c.ofZeros(length)).isEqualTo(crc(zeros, 0, length));
        }
        int gib = Crc32c.ofZeros(1L << 30);
        assertThat(Crc32c.ofZeros(1L << 40)).isEqualTo(repeat(gib, 1L << 30, 1024));
    }

    private static int repeat(int crc, long bytes, int times) {
        int all = crc;
        for (int i = 1; i < times; i++) {
            all = Crc32c.combine(all, crc, bytes);
        }
        return all;
    }

    @Test
    void aNegativeLengthIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Crc32c.combine(1, 2, -1));
    }
}
