package io.pgbk.postgres.wal;

import static io.pgbk.postgres.wal.WalBuilder.SIZE;
import static io.pgbk.postgres.wal.WalBuilder.SYSTEM;
import static io.pgbk.postgres.wal.WalBuilder.TIME;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** WAL and what is kept of it, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WalFuzzTest implements FuzzTargets {
    private static final int PAGE_BYTES = 8192;
    /** So much of a segment is changed; the rest of it is zero. */
    private static final int TRIED_BYTES = 3 * PAGE_BYTES;
    /** A record as the decoder's target takes it: version, resource manager, info, then the body. */
    private static final int RECORD_PREFIX = 3;

    private static final byte[] SOUND = Arrays.copyOf(starts().getFirst(), SIZE.bytes());
    private static final List<PostgresMajor> VERSIONS = List.of(PostgresMajor.values());
    private static final List<Integer> MAJORS = List.of(13, 15, 18);

    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                FuzzTarget.of("wal-segment", WalFuzzTest::starts, WalFuzzTest::segment)
                        .withMaxInputBytes(TRIED_BYTES),
                FuzzTarget.of("wal-comparison", WalFuzzTest::starts, WalFuzzTest::comparison)
                        .withMaxInputBytes(TRIED_BYTES),
                FuzzTarget.of("wal-index", WalFuzzTest::indexes, WalFuzzTest::index),
                FuzzTarget.of("wal-record", WalFuzzTest::records, WalFuzzTest::record));
    }

    private static WalBuilder log() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        for (int i = 0; i < 60; i++) {
            log.commitDropping(700 + i, TIME.plusSeconds(i), 4);
            log.restorePoint("p" + i, TIME);
            log.commit(900 + i, TIME);
        }
        log.filler(2 * PAGE_BYTES);
        log.commit(1000, TIME);
        return log;
    }

    private static List<byte[]> starts() {
        WalBuilder switched = new WalBuilder(PostgresMajor.V17, 2);
        switched.commit(700, TIME);
        switched.switchSegment();
        return List.of(Arrays.copyOf(log().segment(0), TRIED_BYTES), Arrays.copyOf(switched.segment(0), PAGE_BYTES));
    }

    private static WalSegmentIndex scan(byte[] input) {
        WalSegmentScanner scanner = new WalSegmentScanner(new WalSegmentScanner.Expectation(
                WalBuilder.name(0),
                SIZE,
                SYSTEM,
                Optional.of(PostgresMajor.V17),
                WalSegmentScanner.TimelineRule.of(TimelineHistory.root(1)),
                true));
        scanner.update(ByteBuffer.wrap(Arrays.copyOf(input, SIZE.bytes())));
        return scanner.finish();
    }

    private static void segment(byte[] input) {
        WalSegmentIndex index = scan(input);
        byte[] bytes = index.toBytes();
        assertThat(WalSegmentIndex.parse(bytes).toBytes()).isEqualTo(bytes);
    }

    private static void comparison(byte[] input) throws IOException {
        WalPrefixComparison.compare(
                WalBuilder.name(0),
                SIZE,
                Channels.newChannel(new ByteArrayInputStream(Arrays.copyOf(input, SIZE.bytes()))),
                Channels.newChannel(new ByteArrayInputStream(SOUND)));
    }

    private static List<byte[]> indexes() {
        WalBuilder log = log();
        log.fillUntilLeft(20);
        log.commit(9999, TIME);
        log.switchSegment();
        List<byte[]> indexes = new ArrayList<>();
        starts().forEach(start -> indexes.add(scan(start).toBytes()));
        indexes.add(scan(log.segment(0)).toBytes());
        indexes.add(scan(events().segment(0)).toBytes());
        return indexes;
    }

    private static WalBuilder events() {
        WalBuilder log = new WalBuilder(PostgresMajor.V17, 2);
        log.record(0, 0x10, 0, new byte[88]);
        log.record(0, 0x90, 0, new byte[16]);
        log.record(4, 0x00, 700, new byte[16]);
        log.record(4, 0x20, 700, little(16).putInt(5).putInt(2).array());
        log.record(5, 0x00, 700, little(16).putInt(16400).put((byte) '/').array());
        log.record(5, 0x10, 700, new byte[4]);
        return log;
    }

    @SuppressWarnings("ReturnValueIgnored") // whether it fails is all that is asked
    private static void index(byte[] input) {
        WalSegmentIndex index = WalSegmentIndex.parse(input);
        byte[] bytes = index.toBytes();
        WalSegmentIndex again = WalSegmentIndex.parse(bytes);
        assertThat(again.toBytes()).isEqualTo(bytes);
        index.straddlingEvents(again);
        index.highestCommitTime();
        index.mayEndTransaction(700);
    }

    private static List<byte[]> records() {
        List<byte[]> records = new ArrayList<>();
        ByteBuffer commit =
                little(100).put((byte) 255).put((byte) 90).putLong(5).putInt(0x11F);
        commit.putInt(5)
                .putInt(1663)
                .putInt(1)
                .putInt(701)
                .putInt(1)
                .putInt(1663)
                .putInt(5)
                .putInt(16384);
        commit.putInt(1).putLong(1).putLong(2).putInt(700);
        ByteBuffer checkpoint = little(120)
                .put((byte) 255)
                .put((byte) 88)
                .putLong(0x1000028)
                .putInt(1)
                .putInt(1);
        ByteBuffer path = little(40)
                .put((byte) 255)
                .put((byte) 30)
                .putInt(16400)
                .put((byte) '/')
                .put((byte) 'a');
        ByteBuffer database = little(40)
                .put((byte) 255)
                .put((byte) 30)
                .putInt(5)
                .putInt(2)
                .putInt(1663)
                .putInt(1664);
        for (int major : MAJORS) {
            records.add(record(major, 1, 0x80, commit));
            records.add(record(major, 1, 0xB0, commit));
            records.add(record(major, 1, 0xA0, commit));
            records.add(record(major, 0, 0x10, checkpoint));
            records.add(record(major, 0, 0x70, checkpoint));
            records.add(record(major, 0, 0x90, checkpoint));
            records.add(record(major, 4, 0x00, database));
            records.add(record(major, 4, 0x10, database));
            records.add(record(major, 4, 0x20, database));
            records.add(record(major, 5, 0x00, path));
            records.add(record(major, 5, 0x10, path));
        }
        return records;
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @SuppressWarnings("ByteBufferBackingArray") // allocated whole above
    private static byte[] record(int major, int manager, int info, ByteBuffer body) {
        byte[] record = new byte[RECORD_PREFIX + body.capacity()];
        record[0] = (byte) major;
        record[1] = (byte) manager;
        record[2] = (byte) info;
        System.arraycopy(body.array(), 0, record, RECORD_PREFIX, body.capacity());
        return record;
    }

    private static void record(byte[] input) {
        if (input.length < RECORD_PREFIX) {
            return;
        }
        PostgresMajor major = VERSIONS.get(Byte.toUnsignedInt(input[0]) % VERSIONS.size());
        WalRecord.Header header = new WalRecord.Header(
                input.length, 700, Lsn.INVALID, Byte.toUnsignedInt(input[2]), Byte.toUnsignedInt(input[1]), 0);
        ByteBuffer body = ByteBuffer.wrap(input, RECORD_PREFIX, input.length - RECORD_PREFIX)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
        List<WalEvents> events = new ArrayList<>();
        new RecordDecoder(major)
                .decode(new WalRecord(new Lsn(0x1000028), new Lsn(0x1000100), header, body), events::add);
        assertThat(events.size()).isLessThanOrEqualTo(input.length);
        // What was read can be kept.
        WalSegmentIndex.Builder builder = new WalSegmentIndex.Builder(new Lsn(0x1000000), SIZE);
        events.forEach(builder);
    }
}
