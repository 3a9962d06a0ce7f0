package io.pgbk.postgres.wal;

import static io.pgbk.postgres.wal.WalBuilder.SIZE;
import static io.pgbk.postgres.wal.WalBuilder.TIME;
import static io.pgbk.postgres.wal.WalBuilder.name;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.wal.WalPrefixComparison.Outcome;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class WalPrefixComparisonTest {
    private static Outcome compare(byte[] left, byte[] right) throws IOException {
        return WalPrefixComparison.compare(
                name(0),
                SIZE,
                Channels.newChannel(new ByteArrayInputStream(left)),
                Channels.newChannel(new ByteArrayInputStream(right)));
    }

    private static WalBuilder common() {
        WalBuilder log = new WalBuilder(PostgresMajor.V16, 2);
        log.commit(700, TIME);
        log.filler(30_000);
        log.commit(701, TIME);
        return log;
    }

    private static byte[] common(Consumer<WalBuilder> more) {
        WalBuilder log = common();
        more.accept(log);
        return log.segment(0);
    }

    private static byte[] full() {
        return common(log -> {
            log.commit(702, TIME);
            log.fillUntilLeft(10);
            log.commit(703, TIME);
        });
    }

    private static byte[] staleBehind(byte[] segment, int page) {
        byte[] copy = segment.clone();
        Random random = new Random(1);
        for (int at = page * 8192; at < copy.length; at++) {
            copy[at] = (byte) random.nextInt();
        }
        return copy;
    }

    @Test
    void equalBytesAreIdentical() throws IOException {
        assertThat(compare(full(), full())).isEqualTo(new Outcome.Identical());
    }

    @Test
    void anIncompleteLastSegmentIsThePrefixOfTheWholeOne() throws IOException {
        Lsn end = common().position();
        byte[] early = common(log -> {});
        assertThat(compare(early, full())).isEqualTo(new Outcome.LeftIsPrefix(end));
        assertThat(compare(full(), early)).isEqualTo(new Outcome.RightIsPrefix(end));
    }

    @Test
    void stalePagesBehindTheEndDoNotMatter() throws IOException {
        Lsn end = common().position();
        byte[] early = staleBehind(common(log -> {}), 10);
        assertThat(compare(early, full())).isEqualTo(new Outcome.LeftIsPrefix(end));
        assertThat(compare(early, common(log -> {}))).isEqualTo(new Outcome.SameRecords(end));
    }

    @Test
    void pagesOfTheTimelineBeforeBehindTheEndDoNotMatterThoughTheirAddressesAreRight() throws IOException {
        Lsn end = common().position();
        byte[] early = full();
        System.arraycopy(common(log -> {}), 0, early, 0, 10 * 8192);
        onTimelineTwo(early, 10);
        byte[] whole = full();
        onTimelineTwo(whole, whole.length / 8192);

        assertThat(compare(early, whole)).isEqualTo(new Outcome.LeftIsPrefix(end));
        assertThat(compare(whole, early)).isEqualTo(new Outcome.RightIsPrefix(end));
    }

    private static void onTimelineTwo(byte[] segment, int pages) {
        for (int page = 0; page < pages; page++) {
            ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN).putInt(page * 8192 + 4, 2);
        }
    }

    @Test
    void aRecordCutOffByACrashIsNoDifference() throws IOException {
        Lsn end = common().position();
        byte[] whole = common(log -> log.filler(50_000));
        byte[] cut = Arrays.copyOf(whole, whole.length);
        Arrays.fill(cut, 6 * 8192, cut.length, (byte) 0);
        assertThat(compare(cut, whole)).isEqualTo(new Outcome.LeftIsPrefix(end));
    }

    @Test
    void flagsInPageHeadersAreNoDifference() throws IOException {
        byte[] other = full();
        ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).putShort(3 * 8192 + 2, (short) (other[3 * 8192 + 2] | 4));
        assertThat(compare(full(), other)).isInstanceOf(Outcome.SameRecords.class);
    }

    @Test
    void hazardTwoServersThatWroteTheSameSegmentDiverge() throws IOException {
        Lsn at = common().position();
        byte[] one = common(log -> log.commit(702, TIME));
        byte[] other = common(log -> log.commit(702, TIME.plusSeconds(1)));
        assertThat(compare(one, other)).isEqualTo(new Outcome.Diverging(at));
        byte[] longer = common(log -> log.filler(100_000));
        assertThat(compare(one, longer)).isEqualTo(new Outcome.Diverging(at));
    }

    @Test
    void aDifferenceInsideTheLastStraddlingRecordDiverges() throws IOException {
        byte[] one = common(log -> {
            log.fillUntilLeft(32);
            log.commit(900, TIME);
        });
        byte[] other = common(log -> {
            log.fillUntilLeft(32);
            log.commit(901, TIME);
        });
        assertThat(compare(one, other)).isInstanceOf(Outcome.Diverging.class);
    }

    @Test
    void hazardDamagedCopyIsNotTakenForAnIncompleteOne() throws IOException {
        byte[] damaged = full();
        damaged[2 * 8192 + 100] ^= 1;
        assertThat(compare(damaged, full())).isInstanceOf(Outcome.Diverging.class);
        assertThat(compare(full(), damaged)).isInstanceOf(Outcome.Diverging.class);
    }

    @Test
    void segmentsOfTwoClustersDiverge() throws IOException {
        byte[] other = full();
        other[24] ^= 1;
        assertThat(compare(full(), other)).isEqualTo(new Outcome.Diverging(name(0).startLsn(SIZE)));
    }

    @Test
    void unreadableWalIsIdenticalOrDiverging() throws IOException {
        byte[] noise = new byte[SIZE.bytes()];
        new Random(1).nextBytes(noise);
        byte[] other = noise.clone();
        other[500_000] ^= 1;
        assertThat(compare(noise, noise.clone())).isEqualTo(new Outcome.Identical());
        assertThat(compare(noise, other)).isInstanceOf(Outcome.Diverging.class);
    }

    @Test
    void damagedSegmentsNeverFail() throws IOException {
        byte[] good = full();
        Random random = new Random(2);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = good.clone();
            for (int k = 0; k < 3; k++) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            assertThat(compare(good, bytes)).isNotInstanceOf(Outcome.Identical.class);
        }
    }
}
