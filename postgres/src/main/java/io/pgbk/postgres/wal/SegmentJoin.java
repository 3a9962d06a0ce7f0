package io.pgbk.postgres.wal;

import io.pgbk.postgres.PostgresMajor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Puts a record together whose parts are the trailing bytes of one segment and the leading bytes of the next.
 *
 * @param known whether the answer is certain
 * @param events what the record says
 */
record SegmentJoin(boolean known, List<WalEvents> events) {
    private static final SegmentJoin NOTHING = new SegmentJoin(true, List.of());
    private static final SegmentJoin UNKNOWN = new SegmentJoin(false, List.of());

    static SegmentJoin join(WalSegmentIndex segment, WalSegmentIndex next) {
        Straddle head = segment.content().trailing();
        Straddle tail = next.content().leading();
        if (!segment.isIndexed() || !next.isIndexed()) {
            return UNKNOWN;
        }
        if (!head.present() || !tail.present()) {
            // A head without tail was given up after a crash: it counts for nobody.
            return NOTHING;
        }
        Optional<PostgresMajor> major = segment.major();
        if (head.bytes().isEmpty() || tail.bytes().isEmpty() || major.isEmpty()) {
            return head.uninteresting() ? NOTHING : UNKNOWN;
        }
        List<WalEvents> events = new ArrayList<>();
        return read(
                        segment,
                        next,
                        major.get(),
                        concat(head.bytes().get(), tail.bytes().get()),
                        events)
                ? new SegmentJoin(true, List.copyOf(events))
                : UNKNOWN;
    }

    private static boolean read(
            WalSegmentIndex segment, WalSegmentIndex next, PostgresMajor major, byte[] bytes, List<WalEvents> events) {
        if (bytes.length < WalRecord.Header.BYTES) {
            return false;
        }
        WalRecord.Header header = WalRecord.Header.read(bytes);
        CRC32C crc = new CRC32C();
        crc.update(bytes, WalRecord.Header.BYTES, bytes.length - WalRecord.Header.BYTES);
        crc.update(bytes, 0, WalRecord.Header.CRC_OFFSET);
        if (header.totalBytes() != bytes.length || (int) crc.getValue() != header.crc()) {
            return false;
        }
        ByteBuffer body = ByteBuffer.wrap(bytes, WalRecord.Header.BYTES, bytes.length - WalRecord.Header.BYTES)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        new RecordDecoder(major)
                .decode(
                        new WalRecord(
                                segment.content().trailing().edge(),
                                next.content().leading().edge(),
                                header,
                                body),
                        events::add);
        return true;
    }

    private static byte[] concat(byte[] left, byte[] right) {
        byte[] both = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, both, left.length, right.length);
        return both;
    }
}
