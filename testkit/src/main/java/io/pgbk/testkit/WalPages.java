package io.pgbk.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * WAL of PostgreSQL 15 as a server writes it, for archives that no server fills: pages with headers, records with their
 * checksums, segments of 1 MiB, timeline and start as the test likes.
 */
@SuppressWarnings("ByteBufferBackingArray") // all buffers here are allocated whole
public final class WalPages {
    /** Bytes of a segment. */
    public static final int SEGMENT_BYTES = 1 << 20;

    private static final int MAGIC = 0xD110;
    private static final int PAGE_BYTES = 8192;
    private static final int RECORD_HEADER_BYTES = 24;
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    private final long systemIdentifier;
    private final int timeline;
    private final long base;
    private final ByteBuffer log;
    private int at;
    private long previous;

    /**
     * Room for some segments.
     *
     * @param firstSegment number of the first one: its address divided by the segment size
     */
    public WalPages(long systemIdentifier, int timeline, long firstSegment, int segments) {
        this.systemIdentifier = systemIdentifier;
        this.timeline = timeline;
        this.base = firstSegment * SEGMENT_BYTES;
        this.log = ByteBuffer.allocate(segments * SEGMENT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        this.previous = base - 64;
    }

    private void openPage(int rest) {
        if (at % PAGE_BYTES != 0 || at == log.capacity()) {
            return;
        }
        boolean first = at % SEGMENT_BYTES == 0;
        log.putShort(at, (short) MAGIC);
        log.putShort(at + 2, (short) ((rest > 0 ? 1 : 0) | (first ? 2 : 0)));
        log.putInt(at + 4, timeline);
        log.putLong(at + 8, base + at);
        log.putInt(at + 16, rest);
        if (first) {
            log.putLong(at + 24, systemIdentifier);
            log.putInt(at + 32, SEGMENT_BYTES);
            log.putInt(at + 36, PAGE_BYTES);
        }
        at += first ? 40 : 24;
    }

    private void record(int resourceManager, int info, int xid, byte[] body) {
        openPage(0);
        final long start = base + at;
        int total = RECORD_HEADER_BYTES + body.length;
        ByteBuffer record = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        record.putInt(0, total).putInt(4, xid).putLong(8, previous);
        record.put(16, (byte) info).put(17, (byte) resourceManager);
        record.put(RECORD_HEADER_BYTES, body);
        CRC32C crc = new CRC32C();
        crc.update(body);
        crc.update(record.array(), 0, 20);
        record.putInt(20, (int) crc.getValue());
        byte[] bytes = record.array();
        int done = 0;
        while (done < bytes.length && at < log.capacity()) {
            openPage(bytes.length - done);
            int count = Math.min(bytes.length - done, PAGE_BYTES - at % PAGE_BYTES);
            log.put(at, bytes, done, count);
            at += count;
            done += count;
        }
        at = (at + 7) & -8;
        previous = start;
    }

    /** A transaction ends. */
    public WalPages commit(int xid, Instant time) {
        long micros = Duration.between(POSTGRES_EPOCH, time).toNanos() / 1000;
        ByteBuffer body = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        body.put((byte) 255).put((byte) 8).putLong(micros);
        record(1, 0, xid, body.array());
        return this;
    }

    /** A record that says nothing and takes about so many bytes. */
    public WalPages filler(int bytes) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(254);
        body.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(bytes)
                .array());
        body.writeBytes(new byte[bytes]);
        record(10, 0, 0, body.toByteArray());
        return this;
    }

    /** The server goes over to the next segment; the rest of this one stays zero. */
    public WalPages switchSegment() {
        record(0, 0x40, 0, new byte[0]);
        at = (at + SEGMENT_BYTES - 1) / SEGMENT_BYTES * SEGMENT_BYTES;
        return this;
    }

    /** The segment with this number, counted from the first one. */
    public byte[] segment(int index) {
        return Arrays.copyOfRange(log.array(), index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES);
    }
}
