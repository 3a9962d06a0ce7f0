package io.pgbk.postgres.wal;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One pass over a segment that proves it to be what its name says and builds its index. Give it the bytes in pieces of
 * any size, in order: {@link #update}, then {@link #finish}. Keeps at most a page, a record of bounded size and the
 * index. Not safe for use by several threads.
 *
 * <p>What is refused is what belongs to another cluster, version or place in the log. WAL that cannot be read (an unknown
 * version, encrypted) is accepted and marked as not indexed.
 */
public final class WalSegmentScanner {
    private static final int CHANNEL_BUFFER_BYTES = 1 << 18;

    /** Whether a page of that timeline may stand at that address in a segment of this name. */
    @FunctionalInterface
    public interface TimelineRule {
        boolean allows(int timeline, Lsn pageLsn);

        /** The rule for a segment of the history's timeline: the page must overlap what that timeline wrote. */
        static TimelineRule of(TimelineHistory history) {
            return (timeline, pageLsn) -> history.ranges().stream()
                    .anyMatch(range -> range.timeline() == timeline
                            && pageLsn.plus(WalPageHeader.PAGE_BYTES).isAfter(range.from())
                            && (range.to().isEmpty()
                                    || pageLsn.isBefore(range.to().get())));
        }
    }

    /**
     * What the segment must be.
     *
     * @param name its name
     * @param segmentSize the cluster's segment size
     * @param systemIdentifier the cluster, unsigned
     * @param major the cluster's version; empty accepts any and reads the records of known ones
     * @param timelines which timelines its pages may carry
     * @param acceptIncomplete whether records may end early with zero or stale pages behind (a {@code .partial}, the
     *     last segment of a timeline)
     */
    public record Expectation(
            WalSegmentName name,
            WalSegmentSize segmentSize,
            long systemIdentifier,
            Optional<PostgresMajor> major,
            TimelineRule timelines,
            boolean acceptIncomplete) {}

    private final Expectation expected;
    private final Lsn start;
    private final WalSegmentIndex.Builder builder;
    private final RecordAssembler records;
    private final byte[] page = new byte[WalPageHeader.PAGE_BYTES];
    private final ByteBuffer pageView = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);

    private int pageFill;
    private long bytesSeen;
    private int magic;
    private int lastTimeline;
    private boolean tail;
    private @Nullable String notReadReason;
    private @Nullable RecordDecoder decoder;

    public WalSegmentScanner(Expectation expectation) {
        this(expectation, event -> {});
    }

    /**
     * A scanner that also hands every event to a listener, in the order of the log: transaction ends one by one, too. An
     * event of a record that crosses the segment's border is not among them.
     */
    public WalSegmentScanner(Expectation expectation, Consumer<? super WalEvents> listener) {
        this.expected = expectation;
        if (!expectation.name().isPossibleWith(expectation.segmentSize())) {
            throw refused("no cluster with segments of " + expectation.segmentSize() + " has a segment of this name");
        }
        this.start = expectation.name().startLsn(expectation.segmentSize());
        this.builder = new WalSegmentIndex.Builder(start, expectation.segmentSize());
        this.records = new RecordAssembler(expectation.segmentSize(), new RecordAssembler.Sink() {
            @Override
            public boolean wantsBody(WalRecord.Header header) {
                return RecordDecoder.isOfInterest(header);
            }

            @Override
            public void record(WalRecord record) {
                if (decoder != null) {
                    decoder.decode(record, event -> {
                        builder.accept(event);
                        listener.accept(event);
                    });
                }
            }
        });
    }

    /** Scans all that a channel yields; the channel stays open. */
    public static WalSegmentIndex scan(ReadableByteChannel channel, Expectation expectation) throws IOException {
        WalSegmentScanner scanner = new WalSegmentScanner(expectation);
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHANNEL_BUFFER_BYTES);
        while (channel.read(buffer) >= 0) {
            buffer.flip();
            scanner.update(buffer);
            buffer.clear();
        }
        return scanner.finish();
    }

    /**
     * Takes the next bytes of the segment: all that remain in the buffer.
     *
     * @throws PgbkException with code OTHER_CLUSTER when the system identifier, version or segment size is another;
     *     with code WAL_INVALID when a page is not what the name says
     */
    public void update(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            int count = Math.min(bytes.remaining(), page.length - pageFill);
            bytes.get(page, pageFill, count);
            pageFill += count;
            bytesSeen += count;
            if (bytesSeen > expected.segmentSize().bytes()) {
                throw refused("it is longer than " + expected.segmentSize());
            }
            if (pageFill == page.length) {
                pageFill = 0;
                page(start.plus(bytesSeen - page.length));
            }
        }
    }

    private void page(Lsn pageLsn) {
        if (notReadReason != null || tail) {
            return;
        }
        WalPageHeader header = WalPageHeader.read(pageView);
        if (pageLsn.equals(start)) {
            first(header);
            if (notReadReason != null) {
                return;
            }
        } else if (header.magic() == 0 && isZero()) {
            if (!records.isSwitched()) {
                end(pageLsn, "is empty although no segment switch came before");
            }
            return;
        } else if (header.magic() != magic || !header.pageLsn().equals(pageLsn) || header.hasUnknownFlags()) {
            end(pageLsn, "carries the address " + header.pageLsn());
            return;
        } else if (header.isBehind(lastTimeline)) {
            end(pageLsn, "is an older one, of timeline " + Integer.toUnsignedString(header.timeline()));
            return;
        }
        checkTimeline(header, pageLsn);
        records.page(page, header, pageLsn);
    }

    private void first(WalPageHeader header) {
        magic = header.magic();
        Optional<PostgresMajor> found = PostgresMajor.ofWalMagic(magic);
        boolean plausible = header.isLong() && header.pageLsn().equals(start);
        if (isZero()) {
            throw refused("it begins with an empty page");
        }
        if (found.isEmpty() && !(plausible && WalSegmentSize.isAllowed(header.segmentBytes()))) {
            notReadReason = String.format("its pages have the unknown magic number %04X", magic);
            return;
        }
        if (found.isPresent()
                && expected.major().isPresent()
                && found.get() != expected.major().get()) {
            throw otherCluster("it was written by PostgreSQL " + found.get().number() + ", the cluster has "
                    + expected.major().get().number());
        }
        if (!header.isLong() || header.hasUnknownFlags()) {
            throw refused("its first page has no segment header");
        }
        if (header.systemIdentifier() != expected.systemIdentifier()) {
            throw otherCluster("it has the system identifier " + Long.toUnsignedString(header.systemIdentifier())
                    + ", the cluster " + Long.toUnsignedString(expected.systemIdentifier()));
        }
        if (header.segmentBytes() != expected.segmentSize().bytes()) {
            throw otherCluster("it belongs to a cluster with segments of " + header.segmentBytes() + " bytes, not of "
                    + expected.segmentSize().bytes());
        }
        if (!header.pageLsn().equals(start)) {
            throw refused("it starts with the address " + header.pageLsn() + ", not " + start);
        }
        if (found.isEmpty()) {
            notReadReason = String.format("its pages have the unknown magic number %04X", magic);
        } else if (header.blockBytes() != WalPageHeader.PAGE_BYTES) {
            notReadReason = "its pages have " + header.blockBytes() + " bytes";
        } else {
            decoder = new RecordDecoder(found.get());
        }
    }

    private void end(Lsn pageLsn, String what) {
        if (!expected.acceptIncomplete() || records.isSwitched()) {
            throw refused("its page at " + pageLsn + " " + what);
        }
        tail = true;
        records.pagesEnd(pageLsn, "the page at " + pageLsn + " " + what);
    }

    private void checkTimeline(WalPageHeader header, Lsn pageLsn) {
        int timeline = header.timeline();
        if (!expected.timelines().allows(timeline, pageLsn)) {
            throw refused("its page at " + pageLsn + " is of timeline " + Integer.toUnsignedString(timeline)
                    + ", which is not on the way of timeline "
                    + Integer.toUnsignedString(expected.name().timeline()));
        }
        lastTimeline = timeline;
    }

    private boolean isZero() {
        long seen = 0;
        for (int at = 0; at < page.length; at += Long.BYTES) {
            seen |= pageView.getLong(at);
        }
        return seen == 0;
    }

    /**
     * The index of the segment that was given.
     *
     * @throws PgbkException with code WAL_INVALID when it was too short
     */
    public WalSegmentIndex finish() {
        if (bytesSeen != expected.segmentSize().bytes()) {
            throw refused("it has " + bytesSeen + " bytes, not "
                    + expected.segmentSize().bytes());
        }
        Optional<String> reason = Optional.ofNullable(notReadReason).or(this::brokenReason);
        return new WalSegmentIndex(new WalSegmentIndex.Content(
                expected.name(),
                expected.segmentSize(),
                expected.systemIdentifier(),
                magic,
                reason,
                reason.isPresent() ? WalSegmentIndex.Ending.UNKNOWN : ending(),
                records.firstRecord(),
                records.lastEnd(),
                builder.times(),
                builder.xids(),
                builder.isComplete(),
                builder.events(),
                builder.dropped(),
                records.leadingPart(),
                records.trailingPart()));
    }

    /** Records that end before the pages do are broken or encrypted, unless nothing comes behind them. */
    private Optional<String> brokenReason() {
        return records.end()
                .filter(end -> !tail && !(end.clean() && isOnLastPage(end.lsn())))
                .map(end -> "at " + end.lsn() + " " + end.reason());
    }

    private boolean isOnLastPage(Lsn lsn) {
        return start.plus(expected.segmentSize().bytes()).minus(lsn) <= WalPageHeader.PAGE_BYTES;
    }

    private WalSegmentIndex.Ending ending() {
        if (records.isSwitched()) {
            return WalSegmentIndex.Ending.SWITCHED;
        }
        return records.end().isPresent() ? WalSegmentIndex.Ending.INCOMPLETE : WalSegmentIndex.Ending.FULL;
    }

    private PgbkException refused(String why) {
        return new PgbkException(ErrorCode.WAL_INVALID, "'" + expected.name() + "' is no valid WAL segment: " + why);
    }

    private PgbkException otherCluster(String why) {
        return new PgbkException(
                ErrorCode.OTHER_CLUSTER,
                "'" + expected.name() + "' is not of this cluster: " + why,
                "Check that archive_command runs with the configuration of the server that wrote the segment.");
    }
}
