package io.pgbk.postgres.wal;

import static io.pgbk.postgres.wal.IndexBytes.damaged;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The bytes of a segment's index, version 1: identity; state; times of granules that have one; ranges of xids; events;
 * dropped relations; the parts of straddling records. Addresses are offsets in the segment, times microseconds since
 * 2000, both mostly as distances to the one before.
 */
final class IndexCodec {
    private static final int MAGIC = 'W';
    private static final int VERSION = 1;
    private static final int MAX_BYTES = 64 << 20;
    private static final int MAX_TEXT_BYTES = 16 << 10;

    private static final int INDEXED = 1;
    private static final int COMPLETE = 2;

    /** The place in this list is the number in the bytes. */
    private static final List<WalSegmentIndex.Ending> ENDINGS = List.of(
            WalSegmentIndex.Ending.FULL,
            WalSegmentIndex.Ending.SWITCHED,
            WalSegmentIndex.Ending.INCOMPLETE,
            WalSegmentIndex.Ending.UNKNOWN);

    private static final int PRESENT = 1;
    private static final int UNINTERESTING = 2;
    private static final int HAS_EDGE = 4;
    private static final int HAS_BYTES = 8;

    private static final int DATABASE_CREATED = 1;
    private static final int DATABASE_DROPPED = 2;
    private static final int TABLESPACE_CREATED = 3;
    private static final int TABLESPACE_DROPPED = 4;
    private static final int RESTORE_POINT = 5;
    private static final int CHECKPOINT = 6;
    private static final int END_OF_RECOVERY = 7;

    private IndexCodec() {}

    static byte[] encode(WalSegmentIndex.Content content) {
        IndexBytes.Writer out = new IndexBytes.Writer();
        Lsn start = content.name().startLsn(content.segmentSize());
        out.octet(MAGIC);
        out.octet(VERSION);
        out.unsignedInt(content.name().timeline());
        out.unsignedInt(content.name().log());
        out.unsignedInt(content.name().segment());
        out.number(content.segmentSize().bytes());
        out.number(content.systemIdentifier());
        out.number(content.walMagic());
        out.octet(ENDINGS.indexOf(content.ending()));
        out.octet((content.notIndexedReason().isEmpty() ? INDEXED : 0) | (content.complete() ? COMPLETE : 0));
        out.text(content.notIndexedReason().orElse(""));
        optionalLsn(out, start, content.firstRecordLsn());
        optionalLsn(out, start, content.lastRecordEndLsn());
        times(out, content.times());
        xids(out, content.xids());
        out.number(content.events().size());
        content.events().forEach(event -> event(out, start, event));
        dropped(out, start, content.droppedRelations());
        straddle(out, content.leading());
        straddle(out, content.trailing());
        return out.toBytes();
    }

    static WalSegmentIndex.Content decode(byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw damaged("it has " + bytes.length + " bytes");
        }
        IndexBytes.Reader in = new IndexBytes.Reader(bytes);
        if (in.octet() != MAGIC || in.octet() != VERSION) {
            throw damaged("it has another format");
        }
        WalSegmentName name = new WalSegmentName(in.unsignedInt(), in.unsignedInt(), in.unsignedInt());
        long segmentBytes = in.number();
        if (!WalSegmentSize.isAllowed(segmentBytes)
                || name.timeline() == 0
                || !name.isPossibleWith(new WalSegmentSize((int) segmentBytes))) {
            throw damaged("its name and segment size do not fit");
        }
        WalSegmentSize size = new WalSegmentSize((int) segmentBytes);
        Lsn start = name.startLsn(size);
        long systemIdentifier = in.number();
        int walMagic = (int) in.number(0, 0xFFFF);
        WalSegmentIndex.Ending ending = ENDINGS.get((int) in.number(0, ENDINGS.size() - 1L));
        int flags = in.octet();
        String reason = in.text(MAX_TEXT_BYTES);
        boolean indexed = (flags & INDEXED) != 0;
        Optional<Lsn> first = optionalLsn(in, start, size);
        Optional<Lsn> lastEnd = optionalLsn(in, start, size);
        CommitTimes times = times(in, start, size);
        XidRanges xids = xids(in);
        int eventCount = in.count(WalSegmentIndex.MAX_EVENTS);
        List<WalEvents> events = new ArrayList<>(eventCount);
        for (int i = 0; i < eventCount; i++) {
            events.add(event(in, start, size));
        }
        List<WalSegmentIndex.DroppedRelation> dropped = dropped(in, start, size);
        Straddle leading = straddle(in);
        Straddle trailing = straddle(in);
        in.end();
        return new WalSegmentIndex.Content(
                name,
                size,
                systemIdentifier,
                walMagic,
                indexed ? Optional.empty() : Optional.of(reason),
                ending,
                first,
                lastEnd,
                times,
                xids,
                (flags & COMPLETE) != 0,
                events,
                dropped,
                leading,
                trailing);
    }

    static void optionalLsn(IndexBytes.Writer out, Lsn start, Optional<Lsn> lsn) {
        out.number(lsn.isEmpty() ? 0 : lsn.get().minus(start) + 1);
    }

    static Optional<Lsn> optionalLsn(IndexBytes.Reader in, Lsn start, WalSegmentSize size) {
        long value = in.number(0, size.bytes() + 1L);
        return value == 0 ? Optional.empty() : Optional.of(start.plus(value - 1));
    }

    private static void times(IndexBytes.Writer out, CommitTimes times) {
        int count = 0;
        for (int i = 0; i < times.granules(); i++) {
            count += times.micros(i) == CommitTimes.NONE ? 0 : 1;
        }
        out.number(count);
        int lastGranule = -1;
        long lastMicros = 0;
        for (int i = 0; i < times.granules(); i++) {
            if (times.micros(i) != CommitTimes.NONE) {
                out.number(i - lastGranule);
                out.signed(times.micros(i) - lastMicros);
                lastGranule = i;
                lastMicros = times.micros(i);
            }
        }
    }

    private static CommitTimes times(IndexBytes.Reader in, Lsn start, WalSegmentSize size) {
        CommitTimes times = CommitTimes.none(start, size.bytes());
        int count = in.count(times.granules());
        int granule = -1;
        long micros = 0;
        for (int i = 0; i < count; i++) {
            granule += (int) in.number(1, times.granules() - 1L - granule);
            micros += in.signed();
            times.set(granule, micros);
        }
        return times;
    }

    static void xids(IndexBytes.Writer out, XidRanges xids) {
        out.number(xids.ranges().size());
        long last = 0;
        for (XidRanges.Range range : xids.ranges()) {
            out.number(range.from() - last);
            out.number(range.to() - range.from());
            last = range.to();
        }
    }

    static XidRanges xids(IndexBytes.Reader in) {
        int count = in.count(XidRanges.MAX_RANGES);
        List<XidRanges.Range> ranges = new ArrayList<>(count);
        long last = 0;
        for (int i = 0; i < count; i++) {
            long from = last + in.number(i == 0 ? 0 : 1, 0xFFFF_FFFFL - last);
            last = from + in.number(0, 0xFFFF_FFFFL - from);
            ranges.add(new XidRanges.Range(from, last));
        }
        return new XidRanges(ranges);
    }

    static void event(IndexBytes.Writer out, Lsn start, WalEvents event) {
        switch (event) {
            case WalEvents.DatabaseCreated created -> {
                head(out, DATABASE_CREATED, start, created.lsn());
                out.unsignedInt(created.xid());
                out.unsignedInt(created.database());
                out.unsignedInt(created.tablespace());
            }
            case WalEvents.DatabaseDropped dropped -> {
                head(out, DATABASE_DROPPED, start, dropped.lsn());
                out.unsignedInt(dropped.xid());
                out.unsignedInt(dropped.database());
                out.unsignedInt(dropped.tablespace());
            }
            case WalEvents.TablespaceCreated created -> {
                head(out, TABLESPACE_CREATED, start, created.lsn());
                out.unsignedInt(created.xid());
                out.unsignedInt(created.tablespace());
                out.text(created.path());
            }
            case WalEvents.TablespaceDropped dropped -> {
                head(out, TABLESPACE_DROPPED, start, dropped.lsn());
                out.unsignedInt(dropped.xid());
                out.unsignedInt(dropped.tablespace());
            }
            case WalEvents.RestorePoint point -> {
                head(out, RESTORE_POINT, start, point.lsn());
                out.number(point.endLsn().minus(point.lsn()));
                out.signed(PgTime.toMicros(point.time()));
                out.text(point.name());
            }
            case WalEvents.CheckpointSeen checkpoint -> {
                head(out, CHECKPOINT, start, checkpoint.lsn());
                out.number(checkpoint.redoLsn().value());
                out.octet(checkpoint.shutdown() ? 1 : 0);
                out.unsignedInt(checkpoint.timeline());
                out.signed(PgTime.toMicros(checkpoint.time()));
            }
            case WalEvents.EndOfRecovery recovery -> {
                head(out, END_OF_RECOVERY, start, recovery.lsn());
                out.unsignedInt(recovery.timeline());
                out.unsignedInt(recovery.previousTimeline());
                out.signed(PgTime.toMicros(recovery.time()));
            }
            case WalEvents.TransactionEnd _ ->
                throw new IllegalArgumentException("transaction ends are not kept one by one");
        }
    }

    static WalEvents event(IndexBytes.Reader in, Lsn start, WalSegmentSize size) {
        int kind = in.octet();
        Lsn lsn = start.plus(in.number(0, size.bytes() - 1L));
        return switch (kind) {
            case DATABASE_CREATED ->
                new WalEvents.DatabaseCreated(lsn, in.unsignedInt(), in.unsignedInt(), in.unsignedInt());
            case DATABASE_DROPPED ->
                new WalEvents.DatabaseDropped(lsn, in.unsignedInt(), in.unsignedInt(), in.unsignedInt());
            case TABLESPACE_CREATED ->
                new WalEvents.TablespaceCreated(lsn, in.unsignedInt(), in.unsignedInt(), in.text(MAX_TEXT_BYTES));
            case TABLESPACE_DROPPED -> new WalEvents.TablespaceDropped(lsn, in.unsignedInt(), in.unsignedInt());
            case RESTORE_POINT -> {
                Lsn end = lsn.plus(in.number(0, size.bytes()));
                Instant time = PgTime.ofMicros(in.signed());
                yield new WalEvents.RestorePoint(lsn, end, in.text(MAX_TEXT_BYTES), time);
            }
            case CHECKPOINT -> {
                Lsn redo = new Lsn(in.number());
                boolean shutdown = in.octet() == 1;
                yield new WalEvents.CheckpointSeen(lsn, redo, shutdown, in.unsignedInt(), PgTime.ofMicros(in.signed()));
            }
            case END_OF_RECOVERY ->
                new WalEvents.EndOfRecovery(lsn, in.unsignedInt(), in.unsignedInt(), PgTime.ofMicros(in.signed()));
            default -> throw damaged("it has an event of kind " + kind);
        };
    }

    private static void head(IndexBytes.Writer out, int kind, Lsn start, Lsn lsn) {
        out.octet(kind);
        out.number(lsn.minus(start));
    }

    private static void dropped(IndexBytes.Writer out, Lsn start, List<WalSegmentIndex.DroppedRelation> dropped) {
        out.number(dropped.size());
        long lastOffset = 0;
        long lastMicros = 0;
        for (WalSegmentIndex.DroppedRelation relation : dropped) {
            long offset = relation.lsn().minus(start);
            long micros = PgTime.toMicros(relation.time());
            out.number(offset - lastOffset);
            out.unsignedInt(relation.xid());
            out.signed(micros - lastMicros);
            out.unsignedInt(relation.relation().tablespace());
            out.unsignedInt(relation.relation().database());
            out.unsignedInt(relation.relation().fileNumber());
            lastOffset = offset;
            lastMicros = micros;
        }
    }

    private static List<WalSegmentIndex.DroppedRelation> dropped(IndexBytes.Reader in, Lsn start, WalSegmentSize size) {
        int count = in.count(WalSegmentIndex.MAX_EVENTS);
        List<WalSegmentIndex.DroppedRelation> dropped = new ArrayList<>(count);
        long offset = 0;
        long micros = 0;
        for (int i = 0; i < count; i++) {
            offset += in.number(0, size.bytes() - 1L - offset);
            int xid = in.unsignedInt();
            micros += in.signed();
            dropped.add(new WalSegmentIndex.DroppedRelation(
                    start.plus(offset),
                    xid,
                    PgTime.ofMicros(micros),
                    new WalEvents.RelationFile(in.unsignedInt(), in.unsignedInt(), in.unsignedInt())));
        }
        return dropped;
    }

    private static void straddle(IndexBytes.Writer out, Straddle straddle) {
        out.octet((straddle.present() ? PRESENT : 0)
                | (straddle.uninteresting() ? UNINTERESTING : 0)
                | (straddle.edge().isValid() ? HAS_EDGE : 0)
                | (straddle.bytes().isPresent() ? HAS_BYTES : 0));
        if (straddle.edge().isValid()) {
            out.number(straddle.edge().value());
        }
        straddle.bytes().ifPresent(out::bytes);
    }

    private static Straddle straddle(IndexBytes.Reader in) {
        int flags = in.octet();
        Lsn edge = (flags & HAS_EDGE) != 0 ? new Lsn(in.number()) : Lsn.INVALID;
        Optional<byte[]> bytes =
                (flags & HAS_BYTES) != 0 ? Optional.of(in.bytes(Straddle.MAX_BYTES)) : Optional.empty();
        return new Straddle((flags & PRESENT) != 0, (flags & UNINTERESTING) != 0, edge, bytes);
    }
}
