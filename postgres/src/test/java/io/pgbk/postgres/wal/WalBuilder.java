package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Writes WAL as a server would, for cases that a server cannot be made to write. */
@SuppressWarnings("ByteBufferBackingArray") // all buffers here are allocated whole
final class WalBuilder {
    static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    static final long SYSTEM = 0xFEDC_BA98_7654_3210L;
    static final Instant TIME = Instant.parse("2026-11-21T03:00:00Z");

    private static final int PAGE = 8192;

    private final PostgresMajor major;
    private final ByteBuffer log;
    private final long base;
    private int timeline = 1;
    private int at;
    private long previous;

    /** Space for so many segments from segment 1 on. */
    WalBuilder(PostgresMajor major, int segments) {
        this.major = major;
        this.base = SIZE.bytes();
        this.log = ByteBuffer.allocate(segments * SIZE.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        this.previous = base - 64;
    }

    Lsn position() {
        openPage(0);
        return new Lsn(base + at);
    }

    WalBuilder onTimeline(int newTimeline) {
        timeline = newTimeline;
        return this;
    }

    /** Writes a page header when the position is at a page's start. */
    private void openPage(int rest) {
        if (at % PAGE != 0 || at == log.capacity()) {
            return;
        }
        boolean first = at % SIZE.bytes() == 0;
        log.putShort(at, (short) major.walMagic());
        log.putShort(at + 2, (short) ((rest > 0 ? 1 : 0) | (first ? 2 : 0)));
        log.putInt(at + 4, timeline);
        log.putLong(at + 8, base + at);
        log.putInt(at + 16, rest);
        if (first) {
            log.putLong(at + 24, SYSTEM);
            log.putInt(at + 32, SIZE.bytes());
            log.putInt(at + 36, PAGE);
        }
        at += first ? 40 : 24;
    }

    /** A record with main data only; where it does not fit any more its end is lost. */
    Lsn record(int resourceManager, int info, int xid, byte[] mainData) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (mainData.length < 256) {
            body.write(255);
            body.write(mainData.length);
        } else {
            body.write(254);
            body.writeBytes(little(4).putInt(mainData.length).array());
        }
        body.writeBytes(mainData);
        return raw(resourceManager, info, xid, body.toByteArray());
    }

    Lsn raw(int resourceManager, int info, int xid, byte[] body) {
        openPage(0);
        long start = base + at;
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
        while (done < bytes.length && at < log.capacity()) {
            openPage(bytes.length - done);
            int count = Math.min(bytes.length - done, PAGE - at % PAGE);
            log.put(at, bytes, done, count);
            at += count;
            done += count;
        }
        at = (at + 7) & -8;
        previous = start;
        return new Lsn(start);
    }

    /** A record of no interest that takes so many bytes. */
    Lsn filler(int bytes) {
        return record(10, 0, 0, new byte[bytes]);
    }

    /** Fills with uninteresting records until so many bytes are left in the segment. */
    void fillUntilLeft(int left) {
        openPage(0);
        while (SIZE.bytes() - at % SIZE.bytes() > left + 300) {
            filler(100);
            openPage(0);
        }
        int gap = SIZE.bytes() - at % SIZE.bytes() - left;
        if (gap >= 32) {
            filler(gap - 26);
        }
    }

    Lsn commit(int xid, Instant time) {
        return record(1, 0x00, xid, little(8).putLong(PgTime.toMicros(time)).array());
    }

    Lsn commitDropping(int xid, Instant time, int relations) {
        ByteBuffer data = little(8 + 4 + 4 + 12 * relations);
        data.putLong(PgTime.toMicros(time)).putInt(4).putInt(relations);
        for (int i = 0; i < relations; i++) {
            data.putInt(1663).putInt(5).putInt(16384 + i);
        }
        return record(1, 0x80, xid, data.array());
    }

    Lsn restorePoint(String name, Instant time) {
        ByteBuffer data = little(72).putLong(PgTime.toMicros(time));
        data.put(name.getBytes(StandardCharsets.UTF_8));
        return record(0, 0x70, 0, data.array());
    }

    /** Ends the segment; the rest stays zero. */
    Lsn switchSegment() {
        Lsn lsn = raw(0, 0x40, 0, new byte[0]);
        int segment = (int) ((lsn.value() - base) / SIZE.bytes());
        at = (segment + 1) * SIZE.bytes();
        return lsn;
    }

    /** The segment with this number, counted from the builder's first. */
    byte[] segment(int index) {
        return Arrays.copyOfRange(log.array(), index * SIZE.bytes(), (index + 1) * SIZE.bytes());
    }

    static WalSegmentName name(int index) {
        return WalSegmentName.ofNumber(1, index + 1L, SIZE);
    }

    static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
