package io.pgbk.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HeapTransferTest {
    /** Takes at most so many bytes at a time, and says how many it was offered. */
    private static final class Slow implements WritableByteChannel {
        private final List<Integer> offered = new ArrayList<>();
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private final int most;

        Slow(int most) {
            this.most = most;
        }

        @Override
        public int write(ByteBuffer bytes) {
            offered.add(bytes.remaining());
            byte[] taken = new byte[Math.min(most, bytes.remaining())];
            bytes.get(taken);
            written.writeBytes(taken);
            return taken.length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Test
    void aLargeArrayIsOfferedInPiecesAndComesWholeHoweverLittleTheChannelTakes() throws IOException {
        byte[] content = new byte[3 * HeapTransfer.PIECE_BYTES + 17];
        new Random(4711).nextBytes(content);
        for (int most : new int[] {HeapTransfer.PIECE_BYTES, 100_000, Integer.MAX_VALUE}) {
            Slow channel = new Slow(most);
            ByteBuffer bytes = ByteBuffer.wrap(content, 5, content.length - 10);

            HeapTransfer.write(channel, bytes);

            assertThat(channel.written.toByteArray())
                    .isEqualTo(java.util.Arrays.copyOfRange(content, 5, content.length - 5));
            assertThat(channel.offered).allMatch(offered -> offered <= HeapTransfer.PIECE_BYTES);
            assertThat(bytes.hasRemaining()).isFalse();
            assertThat(bytes.limit()).isEqualTo(content.length - 5);
        }
    }

    @Test
    void aPieceToReadIsNeverLarger() {
        byte[] target = new byte[2 * HeapTransfer.PIECE_BYTES];
        assertThat(HeapTransfer.piece(target, 3, 10).remaining()).isEqualTo(10);
        assertThat(HeapTransfer.piece(target, 3, target.length - 3).remaining()).isEqualTo(HeapTransfer.PIECE_BYTES);
        assertThat(HeapTransfer.piece(target, 3, 10).position()).isEqualTo(3);
    }
}
