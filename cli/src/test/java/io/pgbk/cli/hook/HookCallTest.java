package io.pgbk.cli.hook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.cli.output.OutputFormat;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The hand-written parser of the two hooks takes what the other commands' parser takes, and nothing else. */
class HookCallTest {
    private static final String SEGMENT = "000000010000000000000001";

    private static List<String> words(String line) {
        return List.of(line.split(" ", -1));
    }

    private static HookCall parse(String line) {
        List<String> words = words(line);
        return HookCall.parse(HookCall.kindOf(words).orElseThrow(), words);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "archive-push pg_wal/S",
                "wal-push pg_wal/S",
                "--config /x --cluster c --repository r --output json -v archive-push pg_wal/S",
                "--config=archive-get archive-push pg_wal/S",
                "--config archive-get archive-push pg_wal/S",
                "-- archive-push pg_wal/S"
            })
    void theCommandIsTheFirstWordThatIsNoOption(String line) {
        assertThat(HookCall.kindOf(words(line))).contains(HookCall.Kind.PUSH);
        assertThat(parse(line).operands()).containsExactly("pg_wal/S");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"info", "--config archive-push info", "--config", "", "archive-push --help", "archive-get -h"})
    void otherCommandsAndHelpAreNoHooks(String line) {
        assertThat(HookCall.kindOf(words(line))).isEmpty();
    }

    @Test
    void optionsStandAnywhereAndWithOrWithoutEqualsSign() {
        HookCall call = parse("--cluster=a archive-get --verbose " + SEGMENT
                + " --output json pg_wal/RECOVERYXLOG --config /etc/x.yaml --repository=r=1");

        assertThat(call.operands()).containsExactly(SEGMENT, "pg_wal/RECOVERYXLOG");
        assertThat(call.options().config()).contains(Path.of("/etc/x.yaml"));
        assertThat(call.options().cluster()).contains("a");
        assertThat(call.options().repository()).contains("r=1");
        assertThat(call.options().output()).isEqualTo(OutputFormat.JSON);
        assertThat(call.options().verbose()).isTrue();
    }

    @Test
    void behindTwoDashesEverythingIsAnOperand() {
        assertThat(parse("archive-get -- --config -v").operands()).containsExactly("--config", "-v");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "archive-push",
                "archive-push a b",
                "archive-get " + SEGMENT,
                "archive-get " + SEGMENT + " a b",
                "archive-push --force a",
                "archive-push -x a",
                "archive-push a --config",
                "archive-push a --output=xml"
            })
    void nonsenseIsRefusedWithTheLineForTheConfiguration(String line) {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> parse(line))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
                .satisfies(e -> assertThat(e.hint()).containsAnyOf("archive-push %p'", "archive-get %f %p'"));
    }

    @Test
    void aSecretOnTheCommandLineIsRefusedAndNotRepeated() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> parse("archive-push --secret-key=hunter2 a"))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hunter2"));
    }

    @Test
    void errorsAreJsonWhenTheArgumentsSaySoEvenIfTheyAreWrong() {
        assertThat(HookCall.wantsJson(words("archive-push --output json --bogus")))
                .isTrue();
        assertThat(HookCall.wantsJson(words("--output=json archive-push"))).isTrue();
        assertThat(HookCall.wantsJson(words("archive-push --output"))).isFalse();
        assertThat(HookCall.wantsJson(words("archive-push a"))).isFalse();
    }

    @Test
    void theLauncherIsNeverToldSuccessOrAbsenceByAStatusThatAJvmCanEndWithByItself() {
        assertThat(new HookResult.Done().launcherStatus()).isEqualTo(120);
        assertThat(new HookResult.Absent().launcherStatus()).isEqualTo(121);
        for (ErrorCode code : ErrorCode.values()) {
            assertThat(new HookResult.Failed(code).launcherStatus())
                    .as(code.id())
                    .isNotIn(0, 120, 121)
                    .isLessThan(120);
        }
    }

    @Test
    void aPathKeepsBlanksQuotesAndBytesThatAreNotUtf8() {
        String path = "/a '\"\n\u00e4%p";

        HookCall call = HookCall.parse(HookCall.Kind.PUSH, List.of("archive-push", path));

        assertThat(call.operands()).containsExactly(path);
    }
}
