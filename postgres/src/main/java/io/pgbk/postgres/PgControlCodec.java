package io.pgbk.postgres;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Where pg_control's fields are. From 13 to 18 the struct changed only behind the checksum version (18 added
 * default_char_signedness) and inside a gap of the checkpoint (17 added wal_level); offsets are those of a 64-bit
 * little-endian machine and were compared with servers of every major version.
 */
final class PgControlCodec {
    private static final int SYSTEM_IDENTIFIER = 0;
    private static final int CONTROL_VERSION = 8;
    private static final int CATALOG_VERSION = 12;
    private static final int STATE = 16;
    private static final int TIME = 24;
    private static final int CHECKPOINT_LSN = 32;
    private static final int CHECKPOINT = 40;
    private static final int MIN_RECOVERY_POINT = 136;
    private static final int MIN_RECOVERY_POINT_TIMELINE = 144;
    private static final int BACKUP_START_POINT = 152;
    private static final int BACKUP_END_POINT = 160;
    private static final int BACKUP_END_REQUIRED = 168;
    private static final int SETTINGS = 172;
    private static final int MAX_ALIGN = 204;
    private static final int FLOAT_FORMAT = 208;
    private static final int BLOCK_BYTES = 216;
    private static final int RELATION_SEGMENT_BLOCKS = 220;
    private static final int WAL_BLOCK_BYTES = 224;
    private static final int WAL_SEGMENT_BYTES = 228;
    private static final int DATA_CHECKSUM_VERSION = 252;
    private static final int CRC_TO_17 = 288;
    private static final int CRC_FROM_18 = 292;

    /** FLOATFORMAT_VALUE. */
    private static final double FLOAT_FORMAT_VALUE = 1234567.0;

    /**
     * A well-formed address (behind a page header, aligned) in segment 0 of the log, which never exists: initdb and
     * pg_resetwal start with segment 1.
     */
    private static final long IMPOSSIBLE_CHECKPOINT = 0xDEA8L;

    private PgControlCodec() {}

    static PgControl parse(byte[] file) {
        ByteBuffer in = checked(file);
        PgControl.State state = element(PgControl.State.values(), in.getInt(STATE), "state");
        int segmentBytes = in.getInt(WAL_SEGMENT_BYTES);
        if (!WalSegmentSize.isAllowed(segmentBytes)) {
            throw damaged("its WAL segment size is " + segmentBytes);
        }
        return new PgControl(
                in.getLong(SYSTEM_IDENTIFIER),
                in.getInt(CONTROL_VERSION),
                in.getInt(CATALOG_VERSION),
                major(in),
                state,
                PgTime.ofUnixSeconds(in.getLong(TIME)),
                new Lsn(in.getLong(CHECKPOINT_LSN)),
                checkpoint(in),
                new Lsn(in.getLong(MIN_RECOVERY_POINT)),
                in.getInt(MIN_RECOVERY_POINT_TIMELINE),
                new Lsn(in.getLong(BACKUP_START_POINT)),
                new Lsn(in.getLong(BACKUP_END_POINT)),
                in.get(BACKUP_END_REQUIRED) != 0,
                settings(in),
                new WalSegmentSize(segmentBytes),
                in.getInt(WAL_BLOCK_BYTES),
                in.getInt(BLOCK_BYTES),
                in.getInt(RELATION_SEGMENT_BLOCKS),
                in.getInt(MAX_ALIGN),
                in.getDouble(FLOAT_FORMAT) == FLOAT_FORMAT_VALUE,
                in.getInt(DATA_CHECKSUM_VERSION));
    }

    static byte[] withInvalidCheckpoint(byte[] file) {
        checked(file);
        byte[] copy = file.clone();
        ByteBuffer out = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(CHECKPOINT_LSN, IMPOSSIBLE_CHECKPOINT);
        out.putInt(crcOffset(out), crc(copy, crcOffset(out)));
        return copy;
    }

    private static PgControl.Checkpoint checkpoint(ByteBuffer in) {
        return new PgControl.Checkpoint(
                new Lsn(in.getLong(CHECKPOINT)),
                in.getInt(CHECKPOINT + 8),
                in.getInt(CHECKPOINT + 12),
                in.get(CHECKPOINT + 16) != 0,
                in.getLong(CHECKPOINT + 24),
                PgTime.ofUnixSeconds(in.getLong(CHECKPOINT + 64)));
    }

    private static PgControl.Settings settings(ByteBuffer in) {
        return new PgControl.Settings(
                element(PgControl.WalLevel.values(), in.getInt(SETTINGS), "wal_level"),
                in.get(SETTINGS + 4) != 0,
                in.getInt(SETTINGS + 8),
                in.getInt(SETTINGS + 12),
                in.getInt(SETTINGS + 16),
                in.getInt(SETTINGS + 20),
                in.getInt(SETTINGS + 24),
                in.get(SETTINGS + 28) != 0);
    }

    private static ByteBuffer checked(byte[] file) {
        if (file.length != PgControl.FILE_BYTES) {
            throw damaged("it has " + file.length + " bytes, not " + PgControl.FILE_BYTES);
        }
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        PostgresMajor major = major(in);
        int crcOffset = crcOffset(in);
        if (in.getInt(crcOffset) != crc(file, crcOffset)) {
            throw damaged("its checksum is wrong for PostgreSQL " + major.number());
        }
        return in;
    }

    private static int crcOffset(ByteBuffer in) {
        return major(in).atLeast(PostgresMajor.V18) ? CRC_FROM_18 : CRC_TO_17;
    }

    private static PostgresMajor major(ByteBuffer in) {
        int controlVersion = in.getInt(CONTROL_VERSION);
        int catalogVersion = in.getInt(CATALOG_VERSION);
        return PostgresMajor.ofCatalogVersion(catalogVersion)
                .filter(major -> major.controlVersion() == controlVersion)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.POSTGRES_UNSUITABLE,
                        "pg_control has version " + Integer.toUnsignedString(controlVersion) + " and catalogue version "
                                + Integer.toUnsignedString(catalogVersion)
                                + ", which no supported PostgreSQL writes",
                        "PostgreSQL 13 to 18 on little-endian 64-bit machines are supported."));
    }

    private static int crc(byte[] file, int length) {
        CRC32C crc = new CRC32C();
        crc.update(file, 0, length);
        return (int) crc.getValue();
    }

    private static <T> T element(T[] values, int index, String field) {
        if (index < 0 || index >= values.length) {
            throw damaged("its " + field + " is " + index);
        }
        return values[index];
    }

    private static PgbkException damaged(String why) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "pg_control cannot be used: " + why,
                "A running server can be caught in the middle of a write: read the file again.");
    }
}
