package io.pgbk.catalog.repository.layout;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Names that a store lists, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayoutFuzzTest implements FuzzTargets {
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
        return List.of(FuzzTarget.of("repository-key", LayoutFuzzTest::keys, LayoutFuzzTest::key)
                .withMaxInputBytes(1 << 10));
    }

    private static List<byte[]> keys() {
        return Stream.of(
                        "repository.json",
                        "keys/host-1.json",
                        "policy/00000001",
                        "clusters/main/incarnations/1.json",
                        "clusters/main/wal/1/00000001/00000000/000000010000000000000002",
                        "clusters/main/wal/1/00000001/00000000/000000010000000000000002.0123abcd",
                        "clusters/main/wal/1/00000001/00000000/000000010000000000000002.00000028.backup",
                        "clusters/main/wal/1/00000001/00000000/000000010000000000000002.events/00000001",
                        "clusters/main/wal/1/00000002.history",
                        "clusters/main/wal-index/1/00000001/000000010000000000000000-0000000100000000000000FF",
                        "clusters/main/backups/20261121T031500Z-7k2f-full/manifest/00000001",
                        "clusters/main/backups/20261121T031500Z-7k2f-full/backup",
                        "clusters/main/backups/20261121T031500Z-7k2f-full/alive/00000007",
                        "clusters/main/packs/20261121T031500Z-7k2f-full/00000001",
                        "clusters/main/holds/0123456789abcdef.00000001",
                        "clusters/main/leases/backup/00000001/00000002")
                .map(key -> key.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static void key(byte[] input) {
        String key = new String(input, StandardCharsets.UTF_8);
        RepositoryObject object = RepositoryLayout.parse(key);
        assertThat(object.key()).isEqualTo(key);
        Label.parse(key).ifPresent(label -> assertThat(label).hasToString(key));
    }
}
