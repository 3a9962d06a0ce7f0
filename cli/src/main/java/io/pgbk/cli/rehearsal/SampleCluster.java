package io.pgbk.cli.rehearsal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * What the hooks see of a data directory: its version, pg_control and WAL segments with commits. Source of the layouts:
 * PostgreSQL's catalog/pg_control.h, access/xlog_internal.h and access/xlogrecord.h.
 */
@SuppressWarnings("ByteBufferBackingArray") // all buffers here are allocated whole
final class SampleCluster {
    private static final PostgresMajor MAJOR = PostgresMajor.V17;
    private static final long SYSTEM_IDENTIFIER = 0x6A09_E667_F3BC_C908L;
    private static final WalSegmentSize SIZE = WalSegmentSize.DEFAULT;
    private static final int PAGE_BYTES = 8192;
    private static final int CRC_OFFSET = 288;
    /** DB_IN_PRODUCTION. */
    private static final int IN_PRODUCTION = 6;
    /** WAL_LEVEL_REPLICA. */
    private static final int REPLICA = 1;

    private static final int TRANSACTIONS = 1;
    private static final int HEAP = 10;
    private static final int SWITCH = 0x40;
    /** Bytes at the end of a segment that stay free of records. */
    private static final int REST_BYTES = 1024;

    private final Path directory;
    private final SplittableRandom random = new SplittableRandom(1);

    private SampleCluster(Path directory) {
        this.directory = directory;
    }

    /** Writes a data directory with so many segments. */
    static SampleCluster write(Path directory, int segments) throws IOException {
        SampleCluster cluster = new SampleCluster(directory);
        Files.createDirectories(directory.resolve("global"));
        Files.createDirectories(directory.resolve("pg_wal"));
        Files.writeString(directory.resolve("PG_VERSION"), MAJOR.number() + "\n");
        Files.write(directory.resolve("global/pg_control"), controlFile());
        for (int i = 0; i < segments; i++) {
            Files.write(cluster.segment(i), cluster.new Segment(name(i)).write());
        }
        return cluster;
    }

    /** The name of a segment, counted from 0. */
    static WalSegmentName name(int index) {
        return new WalSegmentName(1, 0, 1 + index);
    }

    Path directory() {
        return directory;
    }

    Path segment(int index) {
        return directory.resolve("pg_wal").resolve(name(index).toString());
    }

    /** Where the last checkpoint begins. */
    Lsn redo() {
        return new Lsn(SIZE.bytes() + 40L);
    }

    /** Half noise, half zero, so that there is something to compress. */
    void fill(byte[] content) {
        for (int i = 0; i < content.length / 2; i++) {
            content[i] = (byte) random.nextInt(64);
        }
    }

    private static byte[] controlFile() {
        ByteBuffer file = little(PgControl.FILE_BYTES);
        file.putLong(0, SYSTEM_IDENTIFIER).putInt(8, MAJOR.controlVersion()).putInt(12, MAJOR.catalogVersion());
        file.putInt(16, IN_PRODUCTION);
        file.putLong(32, SIZE.bytes() + 40L).putLong(40, SIZE.bytes() + 40L);
        file.putInt(48, 1).putInt(52, 1);
        file.putInt(172, REPLICA);
        file.putInt(204, 8).putDouble(208, 1234567.0).putInt(216, PAGE_BYTES).putInt(220, 131_072);
        file.putInt(224, PAGE_BYTES).putInt(228, SIZE.bytes());
        CRC32C crc = new CRC32C();
        crc.update(file.array(), 0, CRC_OFFSET);
        file.putInt(CRC_OFFSET, (int) crc.getValue());
        return file.array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** One segment full of records. */
    private final class Segment {
        private final ByteBuffer content = little(SIZE.bytes());
        private final long start;
        private int at;
        private long previous;

        Segment(WalSegmentName name) {
            this.start = name.startLsn(SIZE).value();
            this.previous = start - 64;
        }

        byte[] write() {
            byte[] row = new byte[150];
            int xid = 1000;
            while (at < SIZE.bytes() - REST_BYTES) {
                for (int i = 0; i < 8; i++) {
                    fill(row);
                    record(HEAP, 0, xid, row);
                }
                record(
                        TRANSACTIONS,
                        0,
                        xid++,
                        little(8)
                                .putLong(PgTime.toMicros(Instant.EPOCH.plusSeconds(1_763_700_000L + xid)))
                                .array());
            }
            raw(0, SWITCH, 0, new byte[0]);
            return content.array();
        }

        private void record(int resourceManager, int info, int xid, byte[] data) {
            raw(
                    resourceManager,
                    info,
                    xid,
                    ByteBuffer.allocate(2 + data.length)
                            .put((byte) 255)
                            .put((byte) data.length)
                            .put(data)
                            .array());
        }

        private void raw(int resourceManager, int info, int xid, byte[] body) {
            openPage(0);
            long lsn = start + at;
            ByteBuffer record = little(24 + body.length);
            record.putInt(0, 24 + body.length).putInt(4, xid).putLong(8, previous);
            record.put(16, (byte) info).put(17, (byte) resourceManager);
            record.put(24, body);
            CRC32C crc = new CRC32C();
            crc.update(body);
            crc.update(record.array(), 0, 20);
            record.putInt(20, (int) crc.getValue());
            byte[] bytes = record.array();
            int done = 0;
            while (done < bytes.length) {
                openPage(bytes.length - done);
                int count = Math.min(bytes.length - done, PAGE_BYTES - at % PAGE_BYTES);
                content.put(at, bytes, done, count);
                at += count;
                done += count;
            }
            at = (at + 7) & -8;
            previous = lsn;
        }

        /** Writes a page header when the position is at a page's start. */
        private void openPage(int rest) {
            if (at % PAGE_BYTES != 0) {
                return;
            }
            boolean first = at == 0;
            content.putShort(at, (short) MAJOR.walMagic());
            content.putShort(at + 2, (short) ((rest > 0 ? 1 : 0) | (first ? 2 : 0)));
            content.putInt(at + 4, 1);
            content.putLong(at + 8, start + at);
            content.putInt(at + 16, rest);
            if (first) {
                content.putLong(at + 24, SYSTEM_IDENTIFIER);
                content.putInt(at + 32, SIZE.bytes());
                content.putInt(at + 36, PAGE_BYTES);
            }
            at += first ? 40 : 24;
        }
    }
}
