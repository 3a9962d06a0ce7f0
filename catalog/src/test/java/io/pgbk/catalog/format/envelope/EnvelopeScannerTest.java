package io.pgbk.catalog.format.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class EnvelopeScannerTest {
    private static final int FRAME = 4096;
    private static final String PATH = "clusters/main/packs/x/0";

    private final KeyRing ring = TestRings.ring(true);
    private final MemoryStore store = new MemoryStore();
    private final byte[] content = TestRings.content(5 * FRAME, 8);
    private final byte[] object = EnvelopeTamperTest.encode(ring, PATH, content, FRAME, new byte[] {1});

    private EnvelopeScanner.Scan scan(byte[] bytes) {
        store.put(PATH, bytes);
        return EnvelopeScanner.scan(store, ring, ObjectKind.PACK, PATH, bytes.length);
    }

    @Test
    void anObjectWithoutItsIndexStillGivesAllItsFrames() throws Exception {
        int dataEnd = (int) scan(object).intact().getLast().storedEnd();
        byte[] withoutTail = Arrays.copyOf(object, dataEnd);
        EnvelopeScanner.Scan scan = scan(withoutTail);
        assertThat(scan.complete()).isTrue();
        assertThat(scan.findings()).isEmpty();
        assertThat(scan.intact()).hasSize(6);
        ByteArrayOutputStream found = new ByteArrayOutputStream();
        try (FrameCodec codec = FrameCodec.forReading()) {
            new FrameFetcher(store, ring, ObjectKind.PACK, PATH, scan.header().encode(), codec)
                    .fetch(scan.intact(), (frame, raw) -> found.write(raw, 0, frame.rawLength()));
        }
        assertThat(found.toByteArray()).isEqualTo(content);
    }

    @Test
    void aDamagedFrameIsNamedAndTheOthersAreFound() {
        byte[] damaged = object.clone();
        damaged[(int) scan(object).intact().get(2).storedOffset() + 100] ^= 1;
        EnvelopeScanner.Scan scan = scan(damaged);
        assertThat(scan.complete()).isTrue();
        assertThat(scan.intact()).extracting(FrameLocation::number).containsExactly(0, 1, 3, 4, 5);
        assertThat(scan.findings()).singleElement().asString().contains("frame 2");
    }

    @Test
    void aScanOfACutObjectSaysThatItIsIncomplete() {
        EnvelopeScanner.Scan scan = scan(Arrays.copyOf(object, object.length / 2));
        assertThat(scan.complete()).isFalse();
        assertThat(scan.findings()).isNotEmpty();
        assertThat(scan.intact()).isNotEmpty();
    }
}
