package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Compares two versions of the same segment: is one the incomplete beginning of the other, or did two servers write?
 * Records are compared by address, length and CRC; page headers and what lies behind the last record may differ.
 */
public final class WalPrefixComparison {
    /** What the comparison found. */
    public sealed interface Outcome {
        /** Every byte is equal. */
        record Identical() implements Outcome {}

        /** The valid records of the left one are the beginning of the right one's. */
        record LeftIsPrefix(Lsn leftEnd) implements Outcome {}

        /** The valid records of the right one are the beginning of the left one's. */
        record RightIsPrefix(Lsn rightEnd) implements Outcome {}

        /** The same records; only bytes that are no records differ. */
        record SameRecords(Lsn end) implements Outcome {}

        /** Different records from this address on, or one of them is damaged there. */
        record Diverging(Lsn at) implements Outcome {}
    }

    private final WalSegmentSize segmentSize;
    private final Lsn start;
    private final Side left;
    private final Side right;
    private boolean sameBytes = true;
    private boolean readable;
    private Lsn firstDifference = Lsn.INVALID;

    private WalPrefixComparison(
            WalSegmentName name, WalSegmentSize segmentSize, ReadableByteChannel left, ReadableByteChannel right) {
        this.segmentSize = segmentSize;
        this.start = name.startLsn(segmentSize);
        this.left = new Side(segmentSize, left);
        this.right = new Side(segmentSize, right);
    }

    /** Reads both in step; the channels stay open. Needs a few pages of memory. */
    public static Outcome compare(
            WalSegmentName name, WalSegmentSize segmentSize, ReadableByteChannel left, ReadableByteChannel right)
            throws IOException {
        return new WalPrefixComparison(name, segmentSize, left, right).run();
    }

    private Outcome run() throws IOException {
        Outcome early = null;
        for (long offset = 0; offset < segmentSize.bytes() && early == null; offset += WalPageHeader.PAGE_BYTES) {
            early = page(start.plus(offset));
        }
        boolean bothDone = early == null && left.isAtEnd() && right.isAtEnd();
        if (bothDone && sameBytes) {
            return new Outcome.Identical();
        }
        return early == null ? judge() : early;
    }

    private @Nullable Outcome page(Lsn pageLsn) throws IOException {
        left.read();
        right.read();
        if (sameBytes && !Arrays.equals(left.page, right.page)) {
            sameBytes = false;
            firstDifference = pageLsn;
        }
        if (pageLsn.equals(start)) {
            readable = left.isReadable(start) && right.isReadable(start) && left.isOfSameClusterAs(right);
        }
        if (!readable) {
            return sameBytes ? null : new Outcome.Diverging(pageLsn);
        }
        left.assemble(pageLsn);
        right.assemble(pageLsn);
        while (!left.marks.isEmpty() && !right.marks.isEmpty()) {
            Mark ours = left.marks.remove();
            if (!ours.equals(right.marks.remove())) {
                return new Outcome.Diverging(ours.lsn());
            }
        }
        // A record that only one side has: the other side must have ended before it, or has a longer one there.
        if (!left.marks.isEmpty() && !right.hasEnded()) {
            return new Outcome.Diverging(left.marks.element().lsn());
        }
        if (!right.marks.isEmpty() && !left.hasEnded()) {
            return new Outcome.Diverging(right.marks.element().lsn());
        }
        left.forgetMarksButFirst();
        right.forgetMarksButFirst();
        return null;
    }

    private Outcome judge() {
        if (left.isDamaged() || right.isDamaged()) {
            return new Outcome.Diverging(firstDifference);
        }
        if (left.hasEnded() && right.hasEnded()) {
            if (left.marks.isEmpty() && right.marks.isEmpty()) {
                return sameLeading() ? new Outcome.SameRecords(left.endLsn(start)) : new Outcome.Diverging(start);
            }
            return left.marks.isEmpty() ? leftIsPrefix() : rightIsPrefix();
        }
        if (left.hasEnded()) {
            return leftIsPrefix();
        }
        if (right.hasEnded()) {
            return rightIsPrefix();
        }
        boolean sameTail = left.records.unfinished().equals(right.records.unfinished());
        if (!sameLeading()) {
            return new Outcome.Diverging(start);
        }
        return sameTail
                ? new Outcome.SameRecords(start.plus(segmentSize.bytes()))
                : new Outcome.Diverging(left.endLsn(start));
    }

    private Outcome leftIsPrefix() {
        return left.endsInLeading() || sameLeading()
                ? new Outcome.LeftIsPrefix(left.endLsn(start))
                : new Outcome.Diverging(start);
    }

    private Outcome rightIsPrefix() {
        return right.endsInLeading() || sameLeading()
                ? new Outcome.RightIsPrefix(right.endLsn(start))
                : new Outcome.Diverging(start);
    }

    private boolean sameLeading() {
        return left.records.leadingFragment().equals(right.records.leadingFragment());
    }

    /** A record by which two versions are compared. */
    private record Mark(Lsn lsn, long bytes, int crc) {}

    /** One of the versions, read page by page. */
    private static final class Side implements RecordAssembler.Sink {
        private static final int BUFFER_BYTES = 1 << 18;

        private final ReadableByteChannel channel;
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect(BUFFER_BYTES).flip();
        private final byte[] page = new byte[WalPageHeader.PAGE_BYTES];
        private final ByteBuffer pageView = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        private final RecordAssembler records;
        private final Deque<Mark> marks = new ArrayDeque<>();
        private boolean shortFile;
        private boolean resumed;
        private int magic;
        private int lastTimeline;

        Side(WalSegmentSize segmentSize, ReadableByteChannel channel) {
            this.channel = channel;
            this.records = new RecordAssembler(segmentSize, this);
        }

        /** The next page; zeros behind the end of the file. */
        void read() throws IOException {
            int fill = 0;
            while (fill < page.length && !shortFile) {
                if (!buffer.hasRemaining()) {
                    buffer.clear();
                    shortFile = channel.read(buffer) < 0;
                    buffer.flip();
                }
                int count = Math.min(buffer.remaining(), page.length - fill);
                buffer.get(page, fill, count);
                fill += count;
            }
            Arrays.fill(page, fill, page.length, (byte) 0);
        }

        boolean isAtEnd() throws IOException {
            if (shortFile || buffer.hasRemaining()) {
                return shortFile;
            }
            buffer.clear();
            boolean atEnd = channel.read(buffer) < 0;
            buffer.flip();
            return atEnd;
        }

        boolean isReadable(Lsn start) {
            WalPageHeader header = WalPageHeader.read(pageView);
            magic = header.magic();
            return PostgresMajor.ofWalMagic(magic).isPresent()
                    && header.isLong()
                    && header.pageLsn().equals(start)
                    && header.blockBytes() == WalPageHeader.PAGE_BYTES;
        }

        boolean isOfSameClusterAs(Side other) {
            WalPageHeader ours = WalPageHeader.read(pageView);
            WalPageHeader theirs = WalPageHeader.read(other.pageView);
            return ours.magic() == theirs.magic()
                    && ours.systemIdentifier() == theirs.systemIdentifier()
                    && ours.segmentBytes() == theirs.segmentBytes();
        }

        void assemble(Lsn pageLsn) {
            WalPageHeader header = WalPageHeader.read(pageView);
            boolean valid = header.magic() == magic
                    && header.pageLsn().equals(pageLsn)
                    && !header.hasUnknownFlags()
                    && !header.isBehind(lastTimeline);
            if (hasEnded()) {
                resumed |= valid && !records.isSwitched();
            } else if (valid) {
                lastTimeline = header.timeline();
                records.page(page, header, pageLsn);
            } else {
                records.pagesEnd(pageLsn, "the pages end");
            }
        }

        @Override
        public boolean wantsBody(WalRecord.Header header) {
            return false;
        }

        @Override
        public void record(WalRecord record) {
            marks.add(new Mark(
                    record.lsn(), record.header().totalBytes(), record.header().crc()));
        }

        /** Once the other side has ended, the first record that it lacks says enough. */
        void forgetMarksButFirst() {
            while (marks.size() > 1) {
                marks.removeLast();
            }
        }

        boolean hasEnded() {
            return records.end().isPresent() || records.isSwitched();
        }

        /** The records end although good pages follow. */
        boolean isDamaged() {
            return resumed;
        }

        boolean endsInLeading() {
            return records.leadingFragment().seenBytes()
                    < records.leadingFragment().totalBytes();
        }

        Lsn endLsn(Lsn start) {
            return records.lastEnd().orElse(start);
        }
    }
}
