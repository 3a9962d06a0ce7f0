package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Cuts consecutive WAL pages of one segment into records, checks each one's CRC and its link to the record before, and
 * keeps the bytes that straddle the segment's borders. Memory is bounded: only wanted bodies are kept, and at most
 * {@link #MAX_BODY_BYTES} of one.
 *
 * <p>The rules are those of PostgreSQL's access/transam/xlogreader.c. Bytes that are no record end the log; that is no
 * error here, because only the caller knows whether it may end.
 */
final class RecordAssembler {
    /** So much of a wanted body is kept. */
    static final int MAX_BODY_BYTES = 1 << 20;

    /** PostgreSQL allocates records in one piece of less than 1 GiB. */
    private static final long MAX_RECORD_BYTES = 1L << 30;

    private static final int ALIGNMENT = 8;
    private static final int INITIAL_BODY_BYTES = 512;

    /** Gets the records. */
    interface Sink {
        /** Whether the bytes behind the header are needed. */
        boolean wantsBody(WalRecord.Header header);

        void record(WalRecord record);
    }

    /**
     * How the log ended before the segment did.
     *
     * @param lsn the first byte that belongs to no valid record
     * @param clean there are zeros, as a server leaves them behind its last record
     * @param reason what is wrong with the bytes there
     */
    record End(Lsn lsn, boolean clean, String reason) {}

    private final WalSegmentSize segmentSize;
    private final Sink sink;
    private final CRC32C crc = new CRC32C();
    private final byte[] header = new byte[WalRecord.Header.BYTES];

    private boolean started;
    private boolean switched;
    private @Nullable End end;

    private long leadingRest;
    private long leadingTotal;
    private byte[] leading = new byte[0];
    private int leadingFill;
    private final CRC32C leadingCrc = new CRC32C();
    private Lsn leadingEnd = Lsn.INVALID;

    private boolean inRecord;
    private Lsn recordLsn = Lsn.INVALID;
    private long recordBytes;
    private long recordRest;
    private int headerFill;
    private WalRecord.@Nullable Header current;
    private byte[] body = new byte[0];
    private int bodyFill;

    private @Nullable Lsn firstRecord;
    private @Nullable Lsn previousRecord;
    private @Nullable Lsn lastEnd;

    RecordAssembler(WalSegmentSize segmentSize, Sink sink) {
        this.segmentSize = segmentSize;
        this.sink = sink;
    }

    /** Takes the next page (an array of one page), whose header was read and found to be right for this address. */
    void page(byte[] page, WalPageHeader pageHeader, Lsn pageLsn) {
        if (end != null || switched || !continuesAt(pageHeader, pageLsn)) {
            return;
        }
        int at = pageHeader.bytes();
        while (at < page.length && end == null && !switched) {
            if (leadingRest > 0) {
                at = takeLeading(page, at, pageLsn);
            } else {
                at = takeRecord(page, at, pageLsn);
            }
        }
    }

    /** The pages stop being log here: whatever is unfinished ends the log where it started. */
    void pagesEnd(Lsn pageLsn, String reason) {
        if (end == null && !switched) {
            end = new End(inRecord ? recordLsn : pageLsn, true, reason);
        }
    }

    private boolean continuesAt(WalPageHeader pageHeader, Lsn pageLsn) {
        if (!started) {
            started = true;
            leadingRest = pageHeader.isContinuation() ? pageHeader.remainingBytes() : 0;
            leadingTotal = leadingRest;
            if (leadingRest > MAX_RECORD_BYTES) {
                end = new End(pageLsn, false, "a record of impossible length continues");
                return false;
            }
            return true;
        }
        long expected = leadingRest > 0 ? leadingRest : inRecord ? recordRest : 0;
        if (expected > 0 && pageHeader.isOverwrite()) {
            leadingRest = 0;
            inRecord = false;
            return true;
        }
        long found = pageHeader.isContinuation() ? pageHeader.remainingBytes() : 0;
        if (found != expected) {
            end = new End(inRecord ? recordLsn : pageLsn, false, "a record is not continued on the page at " + pageLsn);
            return false;
        }
        return true;
    }

    private int takeLeading(byte[] page, int at, Lsn pageLsn) {
        int count = (int) Math.min(leadingRest, page.length - at);
        leadingCrc.update(page, at, count);
        if (leadingTotal <= Straddle.MAX_BYTES) {
            if (leading.length == 0) {
                leading = new byte[(int) leadingTotal];
            }
            System.arraycopy(page, at, leading, leadingFill, count);
            leadingFill += count;
        }
        leadingRest -= count;
        if (leadingRest > 0) {
            return at + count;
        }
        int next = align(at + count);
        leadingEnd = pageLsn.plus(next);
        lastEnd = leadingEnd;
        return next;
    }

    private int takeRecord(byte[] page, int at, Lsn pageLsn) {
        if (!inRecord && !begin(page, at, pageLsn.plus(at))) {
            return page.length;
        }
        int count = (int) Math.min(recordRest, page.length - at);
        int headerBytes = Math.min(count, header.length - headerFill);
        System.arraycopy(page, at, header, headerFill, headerBytes);
        headerFill += headerBytes;
        if (headerFill == header.length && current == null && !headerIsValid()) {
            return page.length;
        }
        int bodyBytes = count - headerBytes;
        if (bodyBytes > 0) {
            crc.update(page, at + headerBytes, bodyBytes);
            keep(page, at + headerBytes, bodyBytes);
        }
        recordRest -= count;
        if (recordRest > 0) {
            return at + count;
        }
        int next = align(at + count);
        complete(pageLsn.plus(next));
        return next;
    }

    private boolean begin(byte[] page, int at, Lsn lsn) {
        long total = Integer.toUnsignedLong(
                ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).getInt(at));
        if (total == 0) {
            end = new End(lsn, true, "the log ends");
            return false;
        }
        if (total < WalRecord.Header.BYTES || total > MAX_RECORD_BYTES) {
            end = new End(lsn, false, "a record has the impossible length " + total);
            return false;
        }
        inRecord = true;
        recordLsn = lsn;
        recordBytes = total;
        recordRest = total;
        headerFill = 0;
        current = null;
        bodyFill = 0;
        crc.reset();
        return true;
    }

    private boolean headerIsValid() {
        WalRecord.Header read = WalRecord.Header.read(header);
        boolean linked = previousRecord == null
                ? read.previous().isBefore(recordLsn)
                : read.previous().equals(previousRecord);
        if (!linked) {
            end = new End(recordLsn, false, "the record does not follow the one before");
            return false;
        }
        current = read;
        return true;
    }

    private void keep(byte[] page, int at, int count) {
        if (current == null || !sink.wantsBody(current)) {
            return;
        }
        int wanted = Math.min(count, MAX_BODY_BYTES - bodyFill);
        if (bodyFill + wanted > body.length) {
            int grown = Math.max(Math.max(INITIAL_BODY_BYTES, 2 * body.length), bodyFill + wanted);
            body = Arrays.copyOf(body, Math.min(MAX_BODY_BYTES, grown));
        }
        System.arraycopy(page, at, body, bodyFill, wanted);
        bodyFill += wanted;
    }

    private void complete(Lsn alignedEnd) {
        WalRecord.Header complete = current;
        if (complete == null) {
            throw new IllegalStateException("a record without header");
        }
        crc.update(header, 0, WalRecord.Header.CRC_OFFSET);
        if ((int) crc.getValue() != complete.crc()) {
            end = new End(recordLsn, false, "the record fails its CRC");
            return;
        }
        inRecord = false;
        switched = complete.isSwitch();
        Lsn endLsn = switched ? endOfSegment() : alignedEnd;
        if (firstRecord == null) {
            firstRecord = recordLsn;
        }
        previousRecord = recordLsn;
        lastEnd = endLsn;
        sink.record(new WalRecord(
                recordLsn,
                endLsn,
                complete,
                ByteBuffer.wrap(body, 0, bodyFill).slice().order(ByteOrder.LITTLE_ENDIAN)));
    }

    private Lsn endOfSegment() {
        // A switch record that ends exactly at the border belongs to the segment in which it starts.
        return recordLsn.segmentStart(segmentSize).plus(segmentSize.bytes());
    }

    private static int align(int offset) {
        return (offset + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /** Whether a switch record was read: the rest of the segment is empty. */
    boolean isSwitched() {
        return switched;
    }

    /** How the log ended before the pages did. */
    Optional<End> end() {
        return Optional.ofNullable(end);
    }

    Optional<Lsn> firstRecord() {
        return Optional.ofNullable(firstRecord);
    }

    /** The end of the last whole record. */
    Optional<Lsn> lastEnd() {
        return Optional.ofNullable(lastEnd);
    }

    /**
     * A part of a record that crosses a border, for comparison with another version of the segment.
     *
     * @param totalBytes the length of the record, or of its rest
     * @param seenBytes how much of it was read
     * @param crc over what was read
     * @param recordCrc the CRC that the record's header names, as far as it was read. Not part of the other one: it
     *     would cancel out every difference that it covers itself
     */
    record Fragment(long totalBytes, long seenBytes, long crc, int recordCrc) {}

    Fragment leadingFragment() {
        return new Fragment(leadingTotal, leadingTotal - leadingRest, leadingCrc.getValue(), 0);
    }

    /** The record that is not finished yet. Destroys the state that would be needed to go on. */
    Optional<Fragment> unfinished() {
        if (!inRecord) {
            return Optional.empty();
        }
        crc.update(header, 0, Math.min(headerFill, WalRecord.Header.CRC_OFFSET));
        return Optional.of(new Fragment(
                recordBytes, recordBytes - recordRest, crc.getValue(), current == null ? 0 : current.crc()));
    }

    /** The part of a record from the segment before with which this one begins. */
    Straddle leadingPart() {
        if (leadingTotal == 0) {
            return Straddle.NONE;
        }
        boolean whole = leadingRest == 0 && leadingFill == leadingTotal;
        return new Straddle(true, false, leadingEnd, whole ? Optional.of(leading.clone()) : Optional.empty());
    }

    /** The part of a record that goes on in the next segment. */
    Straddle trailingPart() {
        if (!inRecord || end != null) {
            return Straddle.NONE;
        }
        if (current != null && !sink.wantsBody(current)) {
            return new Straddle(true, true, recordLsn, Optional.empty());
        }
        long seen = recordBytes - recordRest;
        if (seen > Straddle.MAX_BYTES) {
            return new Straddle(true, false, recordLsn, Optional.empty());
        }
        byte[] bytes = Arrays.copyOf(header, (int) seen);
        System.arraycopy(body, 0, bytes, headerFill, bodyFill);
        return new Straddle(true, false, recordLsn, Optional.of(bytes));
    }
}
