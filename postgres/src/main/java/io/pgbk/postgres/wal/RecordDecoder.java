package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.PostgresMajor;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads the few kinds of records that pgbk indexes. A record that is shorter than its kind demands gives no event: its
 * CRC is right, so it is of a kind or version that pgbk does not know.
 *
 * <p>Sources: PostgreSQL's access/xlogrecord.h, access/rmgrlist.h, access/xact.h, catalog/pg_control.h,
 * commands/dbcommands_xlog.h, commands/tablespace.h.
 */
final class RecordDecoder {
    static final int RM_XLOG = 0;
    static final int XLOG_SWITCH = 0x40;

    private static final int RM_XACT = 1;
    private static final int RM_DATABASE = 4;
    private static final int RM_TABLESPACE = 5;

    private static final int XLOG_CHECKPOINT_SHUTDOWN = 0x00;
    private static final int XLOG_CHECKPOINT_ONLINE = 0x10;
    private static final int XLOG_RESTORE_POINT = 0x70;
    private static final int XLOG_END_OF_RECOVERY = 0x90;

    private static final int XACT_OPERATION = 0x70;
    private static final int XACT_COMMIT = 0x00;
    private static final int XACT_ABORT = 0x20;
    private static final int XACT_COMMIT_PREPARED = 0x30;
    private static final int XACT_ABORT_PREPARED = 0x40;
    private static final int XACT_HAS_INFO = 0x80;

    private static final int HAS_DATABASE = 1;
    private static final int HAS_SUBTRANSACTIONS = 1 << 1;
    private static final int HAS_RELATIONS = 1 << 2;
    private static final int HAS_INVALIDATIONS = 1 << 3;
    private static final int HAS_TWO_PHASE = 1 << 4;
    private static final int HAS_DROPPED_STATISTICS = 1 << 8;

    private static final int RELATION_BYTES = 12;
    private static final int INVALIDATION_BYTES = 16;
    private static final int RESTORE_POINT_NAME_BYTES = 64;
    private static final int MAX_PATH_BYTES = 4096;

    private static final int ID_TOPLEVEL_XID = 252;
    private static final int ID_ORIGIN = 253;
    private static final int ID_DATA_LONG = 254;
    private static final int ID_DATA_SHORT = 255;

    private final PostgresMajor major;

    RecordDecoder(PostgresMajor major) {
        this.major = major;
    }

    /** Whether {@link #decode} can make anything of a record with this header. */
    static boolean isOfInterest(WalRecord.Header header) {
        int opcode = header.opcode();
        return switch (header.resourceManager()) {
            case RM_XLOG ->
                opcode == XLOG_CHECKPOINT_SHUTDOWN
                        || opcode == XLOG_CHECKPOINT_ONLINE
                        || opcode == XLOG_RESTORE_POINT
                        || opcode == XLOG_END_OF_RECOVERY;
            case RM_XACT -> isTransactionEnd(opcode & XACT_OPERATION);
            case RM_DATABASE, RM_TABLESPACE -> true;
            default -> false;
        };
    }

    private static boolean isTransactionEnd(int operation) {
        return operation == XACT_COMMIT
                || operation == XACT_ABORT
                || operation == XACT_COMMIT_PREPARED
                || operation == XACT_ABORT_PREPARED;
    }

    /** Hands the record's events to the consumer. */
    void decode(WalRecord record, Consumer<WalEvents> events) {
        if (!isOfInterest(record.header())) {
            return;
        }
        try {
            mainData(record.body().duplicate().order(record.body().order()))
                    .ifPresent(data -> decodeData(record, data, events));
        } catch (BufferUnderflowException e) {
            // Shorter than its kind demands: see above.
            return;
        }
    }

    /** Skips the headers of a record's parts. Records with pages attached are none of ours. */
    private static Optional<ByteBuffer> mainData(ByteBuffer in) {
        while (in.hasRemaining()) {
            int id = Byte.toUnsignedInt(in.get());
            switch (id) {
                case ID_DATA_SHORT -> {
                    in.get();
                    return Optional.of(in);
                }
                case ID_DATA_LONG -> {
                    in.getInt();
                    return Optional.of(in);
                }
                case ID_ORIGIN -> in.getShort();
                case ID_TOPLEVEL_XID -> in.getInt();
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private void decodeData(WalRecord record, ByteBuffer in, Consumer<WalEvents> events) {
        switch (record.header().resourceManager()) {
            case RM_XLOG -> xlog(record, in, events);
            case RM_XACT -> events.accept(transactionEnd(record, in));
            case RM_DATABASE -> database(record, in, events);
            case RM_TABLESPACE -> tablespace(record, in, events);
            default ->
                throw new IllegalStateException(
                        "resource manager " + record.header().resourceManager());
        }
    }

    private static void xlog(WalRecord record, ByteBuffer in, Consumer<WalEvents> events) {
        switch (record.header().opcode()) {
            case XLOG_CHECKPOINT_SHUTDOWN -> events.accept(checkpoint(record, in, true));
            case XLOG_CHECKPOINT_ONLINE -> events.accept(checkpoint(record, in, false));
            case XLOG_RESTORE_POINT -> {
                long micros = in.getLong();
                String name = text(in, RESTORE_POINT_NAME_BYTES);
                events.accept(new WalEvents.RestorePoint(record.lsn(), record.endLsn(), name, PgTime.ofMicros(micros)));
            }
            case XLOG_END_OF_RECOVERY -> {
                long micros = in.getLong();
                events.accept(
                        new WalEvents.EndOfRecovery(record.lsn(), in.getInt(), in.getInt(), PgTime.ofMicros(micros)));
            }
            default ->
                throw new IllegalStateException("opcode " + record.header().opcode());
        }
    }

    private static WalEvents checkpoint(WalRecord record, ByteBuffer in, boolean shutdown) {
        Lsn redo = new Lsn(in.getLong());
        int timeline = in.getInt();
        skip(in, 52);
        return new WalEvents.CheckpointSeen(record.lsn(), redo, shutdown, timeline, PgTime.ofUnixSeconds(in.getLong()));
    }

    private WalEvents transactionEnd(WalRecord record, ByteBuffer in) {
        int operation = record.header().opcode() & XACT_OPERATION;
        boolean committed = operation == XACT_COMMIT || operation == XACT_COMMIT_PREPARED;
        long micros = in.getLong();
        TransactionDetails details = new TransactionDetails(record.header().xid(), List.of());
        try {
            if ((record.header().info() & XACT_HAS_INFO) != 0) {
                details = transactionDetails(record.header().xid(), committed, in);
            }
        } catch (BufferUnderflowException e) {
            // More than a megabyte of subtransactions and drops: the time is what counts.
            details = new TransactionDetails(record.header().xid(), List.of());
        }
        return new WalEvents.TransactionEnd(
                record.lsn(), record.endLsn(), details.xid(), committed, PgTime.ofMicros(micros), details.dropped());
    }

    private record TransactionDetails(int xid, List<WalEvents.RelationFile> dropped) {}

    private TransactionDetails transactionDetails(int xid, boolean committed, ByteBuffer in) {
        int flags = in.getInt();
        if ((flags & HAS_DATABASE) != 0) {
            skip(in, 8);
        }
        if ((flags & HAS_SUBTRANSACTIONS) != 0) {
            skipArray(in, Integer.BYTES);
        }
        List<WalEvents.RelationFile> dropped = List.of();
        if ((flags & HAS_RELATIONS) != 0) {
            dropped = relations(in);
        }
        if (major.atLeast(PostgresMajor.V15) && (flags & HAS_DROPPED_STATISTICS) != 0) {
            skipArray(in, major.atLeast(PostgresMajor.V18) ? 16 : 12);
        }
        if (committed && (flags & HAS_INVALIDATIONS) != 0) {
            skipArray(in, INVALIDATION_BYTES);
        }
        int ended = (flags & HAS_TWO_PHASE) != 0 ? in.getInt() : xid;
        return new TransactionDetails(ended, dropped);
    }

    private static List<WalEvents.RelationFile> relations(ByteBuffer in) {
        int count = count(in, RELATION_BYTES);
        List<WalEvents.RelationFile> relations = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            relations.add(new WalEvents.RelationFile(in.getInt(), in.getInt(), in.getInt()));
        }
        return relations;
    }

    private void database(WalRecord record, ByteBuffer in, Consumer<WalEvents> events) {
        boolean twoStrategies = major.atLeast(PostgresMajor.V15);
        int opcode = record.header().opcode();
        int dropOpcode = twoStrategies ? 0x20 : 0x10;
        boolean create = opcode == 0x00 || (twoStrategies && opcode == 0x10);
        if (create) {
            events.accept(
                    new WalEvents.DatabaseCreated(record.lsn(), record.header().xid(), in.getInt(), in.getInt()));
        } else if (opcode == dropOpcode) {
            int database = in.getInt();
            int tablespaces = count(in, Integer.BYTES);
            for (int i = 0; i < tablespaces; i++) {
                events.accept(new WalEvents.DatabaseDropped(
                        record.lsn(), record.header().xid(), database, in.getInt()));
            }
        }
    }

    private static void tablespace(WalRecord record, ByteBuffer in, Consumer<WalEvents> events) {
        int xid = record.header().xid();
        int oid = in.getInt();
        if (record.header().opcode() == 0x00) {
            events.accept(new WalEvents.TablespaceCreated(record.lsn(), xid, oid, text(in, MAX_PATH_BYTES)));
        } else if (record.header().opcode() == 0x10) {
            events.accept(new WalEvents.TablespaceDropped(record.lsn(), xid, oid));
        }
    }

    private static String text(ByteBuffer in, int maxBytes) {
        byte[] bytes = new byte[Math.min(maxBytes, in.remaining())];
        in.get(bytes);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static void skipArray(ByteBuffer in, int elementBytes) {
        skip(in, count(in, elementBytes) * elementBytes);
    }

    /** A count of elements that follow; checked against what is there before anything is allocated. */
    private static int count(ByteBuffer in, int elementBytes) {
        int count = in.getInt();
        if (count < 0 || count > in.remaining() / elementBytes) {
            throw new BufferUnderflowException();
        }
        return count;
    }

    private static void skip(ByteBuffer in, int bytes) {
        if (bytes > in.remaining()) {
            throw new BufferUnderflowException();
        }
        in.position(in.position() + bytes);
    }
}
