package io.pgbk.restore.directory;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.restore.target.TargetTime;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a restore reads beside the repository, damaged and hostile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DirectoryFuzzTest implements FuzzTargets {
    private static final Set<String> REMOVED = AutoConf.RECOVERY_SETTINGS;
    private static final Setting ADDED = new Setting("archive_mode", "off");

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
                FuzzTarget.of("auto-conf", () -> texts("""
                                # Do not edit
                                work_mem = '4MB'
                                restore_command = 'cp %f %p'
                                Recovery_Target_Time '2026-11-21'
                                archive_mode=on
                                """), DirectoryFuzzTest::autoConf),
                FuzzTarget.of(
                                "target-time",
                                () -> texts(
                                        "2026-11-21T03:15:00Z",
                                        "2026-11-21 03:15:00.5+01",
                                        "2026-11-21 03:15:00 Europe/Berlin",
                                        "2026-11-21 03:15"),
                                input -> assertThat(TargetTime.parse(
                                                new String(input, StandardCharsets.UTF_8), ZoneId.of("UTC")))
                                        .isNotNull())
                        .withMaxInputBytes(200));
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    /** Nothing that is to go survives, and editing twice is editing once. */
    private static void autoConf(byte[] input) {
        byte[] edited = AutoConf.edit(input, REMOVED, List.of(ADDED));
        assertThat(AutoConf.edit(edited, REMOVED, List.of(ADDED))).isEqualTo(edited);
        String text = new String(edited, StandardCharsets.ISO_8859_1);
        assertThat(text).endsWith(ADDED.line() + "\n");
    }
}
