package io.pgbk.catalog.format.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.TestRings;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowDigesterTest {
    private static final int WINDOW = FormatLimits.WINDOW_BYTES;

    private static WindowDigests whole(byte[] content) {
        WindowDigester digester = new WindowDigester();
        digester.update(content, 0, content.length);
        return digester.finish();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 777})
    void anyCutsGiveTheSameDigestsAndTheFilesCrc(int size) {
        byte[] content = TestRings.content(size, size);
        WindowDigests expected = whole(content);
        WindowDigester digester = new WindowDigester();
        Random random = new Random(size);
        for (int at = 0; at < size; ) {
            int part = Math.min(size - at, 1 + random.nextInt(WINDOW * 2));
            digester.update(content, at, part);
            at += part;
        }
        assertThat(digester.finish()).isEqualTo(expected);
        assertThat(digester.finish()).as("starts over").isEqualTo(WindowDigests.NONE);
        CRC32C crc = new CRC32C();
        crc.update(content);
        assertThat(expected.fileCrc32c(size)).isEqualTo((int) crc.getValue());
        for (int window = 0; window < expected.count(); window++) {
            int length = Math.min(WINDOW, size - window * WINDOW);
            assertThat(expected.matches(window, content, window * WINDOW, length))
                    .isTrue();
            content[window * WINDOW + length / 2] ^= 1;
            assertThat(expected.matches(window, content, window * WINDOW, length))
                    .isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, WINDOW, WINDOW + 9})
    void zerosAndPartsOfOneFileAddUp(int tail) {
        byte[] content = new byte[2 * WINDOW + tail];
        content[2 * WINDOW] = 7;
        WindowDigester digester = new WindowDigester();
        digester.updateZeros(2L * WINDOW);
        WindowDigests first = digester.finish();
        digester.update(content, 2 * WINDOW, tail);
        assertThat(WindowDigests.concatenate(List.of(first, digester.finish()))).isEqualTo(whole(content));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8192, WINDOW})
    void onlyWindowsOfZerosMatchZeros(int tail) {
        byte[] content = new byte[2 * WINDOW + tail];
        content[WINDOW + 5] = 1;
        WindowDigests digests = whole(content);

        assertThat(digests.matchesZeros(0, WINDOW)).isTrue();
        assertThat(digests.matchesZeros(1, WINDOW)).isFalse();
        assertThat(digests.matchesZeros(2, tail)).isTrue();
        content[2 * WINDOW] = 1;
        assertThat(whole(content).matchesZeros(2, tail)).isFalse();
    }
}
