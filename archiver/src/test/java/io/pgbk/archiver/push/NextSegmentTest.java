package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of the next segment's name is the next segment only when the server has begun to write it. */
final class NextSegmentTest {
    private static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    private static final WalSegmentName NAME = WalSegmentName.ofNumber(2, 20, SIZE);
    private static final int MAGIC_OF_15 = 0xD110;

    @TempDir
    private Path directory;

    private boolean isBegun(int magic, int timeline, Lsn address) throws IOException {
        ByteBuffer page = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
        page.putShort(0, (short) magic).putInt(4, timeline).putLong(8, address.value());
        Files.write(directory.resolve(NAME.toString()), page.array());
        return NextSegment.isBegun(directory, NAME, SIZE);
    }

    @Test
    void itIsBegunWhenItsFirstPageIsItsOwn() throws IOException {
        assertThat(isBegun(MAGIC_OF_15, 2, NAME.startLsn(SIZE))).isTrue();
    }

    @Test
    void itIsNotBegunWhenItIsMissingShortOrUsedBefore() throws IOException {
        assertThat(NextSegment.isBegun(directory, NAME, SIZE)).isFalse();
        assertThat(isBegun(0, 0, new Lsn(0))).isFalse();
        assertThat(isBegun(MAGIC_OF_15, 2, NAME.startLsn(SIZE).plus(-SIZE.bytes())))
                .isFalse();
        Files.write(directory.resolve(NAME.toString()), new byte[10]);
        assertThat(NextSegment.isBegun(directory, NAME, SIZE)).isFalse();
    }

    @Test
    void hazardItIsNotBegunWhenItWasTheSamePlaceOnTheTimelineBefore() throws IOException {
        assertThat(isBegun(MAGIC_OF_15, 1, NAME.startLsn(SIZE))).isFalse();
    }
}
