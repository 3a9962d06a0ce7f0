package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A record whose CRC is right.
 *
 * @param lsn where it starts
 * @param endLsn where the next one starts (PostgreSQL's EndRecPtr): what recovery to "behind this record" means
 * @param header its fixed part
 * @param body what follows the header, little-endian from position 0; cut at {@link RecordAssembler#MAX_BODY_BYTES},
 *     empty when nobody wanted it
 */
record WalRecord(Lsn lsn, Lsn endLsn, Header header, ByteBuffer body) {
    /**
     * The fixed part of a record. Source: PostgreSQL's access/xlogrecord.h (XLogRecord).
     *
     * @param totalBytes the record's length with this header
     * @param xid the transaction, 0 for none
     * @param previous where the record before starts
     * @param info the resource manager's opcode in the upper half
     * @param resourceManager whose record it is
     * @param crc CRC-32C over the body, then the header without this field
     */
    record Header(long totalBytes, int xid, Lsn previous, int info, int resourceManager, int crc) {
        static final int BYTES = 24;
        static final int CRC_OFFSET = 20;

        static Header read(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            return new Header(
                    Integer.toUnsignedLong(in.getInt(0)),
                    in.getInt(4),
                    new Lsn(in.getLong(8)),
                    Byte.toUnsignedInt(in.get(16)),
                    Byte.toUnsignedInt(in.get(17)),
                    in.getInt(CRC_OFFSET));
        }

        /** The resource manager's part of the info byte. */
        int opcode() {
            return info & 0xF0;
        }

        /** Whether it ends the segment: XLOG_SWITCH. */
        boolean isSwitch() {
            return resourceManager == RecordDecoder.RM_XLOG && opcode() == RecordDecoder.XLOG_SWITCH;
        }
    }
}
