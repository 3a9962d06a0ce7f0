package io.pgbk.archiver.push;

import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Looks whether a server writes a segment, or only keeps an old file under its name for later. */
final class NextSegment {
    private static final int SHORT_HEADER_BYTES = 24;
    private static final int TIMELINE_OFFSET = 4;
    private static final int ADDRESS_OFFSET = 8;

    private NextSegment() {}

    /**
     * Whether the first page of the segment carries the segment's own timeline and address. A file that is kept for later
     * can have been the same place on the timeline before.
     *
     * @param name of a segment behind one of the same timeline, so not the one in which that begins
     */
    static boolean isBegun(Path directory, WalSegmentName name, WalSegmentSize size) {
        ByteBuffer header = ByteBuffer.allocate(SHORT_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(directory.resolve(name.toString()), StandardOpenOption.READ)) {
            while (header.hasRemaining()) {
                if (channel.read(header) < 0) {
                    return false;
                }
            }
        } catch (IOException e) {
            return false;
        }
        int magic = Short.toUnsignedInt(header.getShort(0));
        return PostgresMajor.ofWalMagic(magic).isPresent()
                && header.getInt(TIMELINE_OFFSET) == name.timeline()
                && header.getLong(ADDRESS_OFFSET) == name.startLsn(size).value();
    }
}
