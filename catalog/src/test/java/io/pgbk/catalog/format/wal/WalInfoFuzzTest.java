package io.pgbk.catalog.format.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a WAL object says about its file, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WalInfoFuzzTest implements FuzzTargets {
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
        return List.of(FuzzTarget.of("wal-info", WalInfoFuzzTest::infos, WalInfoFuzzTest::info));
    }

    private static List<byte[]> infos() {
        return List.of(new WalObjectInfo(
                        "000000010000000000000002",
                        -7,
                        1,
                        new Lsn(2 << 20),
                        new Lsn(3 << 20),
                        1 << 20,
                        Bytes.of(new byte[32]),
                        Bytes.utf8("W index"),
                        Instant.parse("2026-11-21T03:15:00.5Z"))
                .encode());
    }

    private static void info(byte[] input) {
        WalObjectInfo info = WalObjectInfo.parse(new BinaryReader(input, "object"), "object");
        assertThat(WalObjectInfo.parse(new BinaryReader(info.encode(), "object"), "object"))
                .isEqualTo(info);
    }
}
