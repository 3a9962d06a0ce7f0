package io.pgbk.postgres.wal;

import static io.pgbk.postgres.wal.IndexBytes.damaged;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The part of a segment's index that tells whether a recovery target lies in it, in at most {@value #MAX_BYTES} bytes:
 * what it answers is what {@link WalSegmentIndex} answers.
 */
public final class SegmentOutline {
    /** A longer one is not made; then only the segment's own index tells. */
    public static final int MAX_BYTES = 2048;

    private static final int VERSION = 1;
    private static final int INDEXED = 1;
    private static final int HAS_TIME = 2;

    private record Content(
            Optional<Instant> highestCommitTime,
            Optional<Lsn> firstRecordLsn,
            Optional<Lsn> lastRecordEndLsn,
            XidRanges xids,
            List<WalEvents> events) {
        Content {
            events = List.copyOf(events);
        }
    }

    private static final Content NOTHING =
            new Content(Optional.empty(), Optional.empty(), Optional.empty(), XidRanges.EMPTY, List.of());

    private final boolean indexed;
    private final Content content;

    private SegmentOutline(boolean indexed, Content content) {
        this.indexed = indexed;
        this.content = content;
    }

    /**
     * The bytes of a segment's outline; empty when they are too many, or when the index itself does not hold all.
     *
     * @param index empty for a segment that was archived without one
     */
    public static Optional<byte[]> bytesOf(Optional<WalSegmentIndex> index) {
        IndexBytes.Writer out = new IndexBytes.Writer();
        out.octet(VERSION);
        if (index.isEmpty() || !index.get().isIndexed()) {
            out.octet(0);
            return Optional.of(out.toBytes());
        }
        WalSegmentIndex whole = index.get();
        if (!whole.isComplete()) {
            return Optional.empty();
        }
        Lsn start = whole.startLsn();
        Optional<Instant> time = whole.highestCommitTime();
        out.octet(INDEXED | (time.isPresent() ? HAS_TIME : 0));
        time.ifPresent(highest -> out.signed(PgTime.toMicros(highest)));
        IndexCodec.optionalLsn(out, start, whole.firstRecordLsn());
        IndexCodec.optionalLsn(out, start, whole.lastRecordEndLsn());
        IndexCodec.xids(out, whole.content().xids());
        List<WalEvents> kept =
                whole.content().events().stream().filter(SegmentOutline::isKept).toList();
        if (kept.size() > MAX_BYTES) {
            return Optional.empty();
        }
        out.number(kept.size());
        kept.forEach(event -> IndexCodec.event(out, start, event));
        byte[] bytes = out.toBytes();
        return bytes.length > MAX_BYTES ? Optional.empty() : Optional.of(bytes);
    }

    private static boolean isKept(WalEvents event) {
        return switch (event) {
            case WalEvents.RestorePoint _, WalEvents.CheckpointSeen _, WalEvents.TablespaceCreated _ -> true;
            case WalEvents.TablespaceDropped _,
                    WalEvents.DatabaseCreated _,
                    WalEvents.DatabaseDropped _,
                    WalEvents.EndOfRecovery _,
                    WalEvents.TransactionEnd _ -> false;
        };
    }

    /**
     * Reads {@link #bytesOf}.
     *
     * @throws PgbkException OBJECT_DAMAGED when the bytes are no outline of such a segment
     */
    public static SegmentOutline parse(WalSegmentName name, WalSegmentSize size, byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw damaged("its outline has " + bytes.length + " bytes");
        }
        IndexBytes.Reader in = new IndexBytes.Reader(bytes);
        if (in.octet() != VERSION) {
            throw damaged("its outline has another format");
        }
        int flags = in.octet();
        if ((flags & INDEXED) == 0) {
            in.end();
            return new SegmentOutline(false, NOTHING);
        }
        Lsn start = name.startLsn(size);
        Optional<Instant> time = (flags & HAS_TIME) == 0 ? Optional.empty() : Optional.of(PgTime.ofMicros(in.signed()));
        Optional<Lsn> first = IndexCodec.optionalLsn(in, start, size);
        Optional<Lsn> lastEnd = IndexCodec.optionalLsn(in, start, size);
        XidRanges xids = IndexCodec.xids(in);
        int count = in.count(MAX_BYTES);
        List<WalEvents> events = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            events.add(IndexCodec.event(in, start, size));
        }
        in.end();
        return new SegmentOutline(true, new Content(time, first, lastEnd, xids, events));
    }

    /** Whether the records were read and the answers are facts. */
    public boolean isIndexed() {
        return indexed;
    }

    /** As {@link WalSegmentIndex#highestCommitTime}. */
    public Optional<Instant> highestCommitTime() {
        return content.highestCommitTime();
    }

    /** As {@link WalSegmentIndex#firstRecordLsn}. */
    public Optional<Lsn> firstRecordLsn() {
        return content.firstRecordLsn();
    }

    /** As {@link WalSegmentIndex#lastRecordEndLsn}. */
    public Optional<Lsn> lastRecordEndLsn() {
        return content.lastRecordEndLsn();
    }

    /** As {@link WalSegmentIndex#mayEndTransaction}. */
    public boolean mayEndTransaction(int xid) {
        return content.xids().mayContain(xid);
    }

    public List<WalEvents.RestorePoint> restorePoints() {
        return events(WalEvents.RestorePoint.class);
    }

    public List<WalEvents.CheckpointSeen> checkpoints() {
        return events(WalEvents.CheckpointSeen.class);
    }

    public List<WalEvents.TablespaceCreated> createdTablespaces() {
        return events(WalEvents.TablespaceCreated.class);
    }

    private <T extends WalEvents> List<T> events(Class<T> type) {
        return content.events().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }
}
