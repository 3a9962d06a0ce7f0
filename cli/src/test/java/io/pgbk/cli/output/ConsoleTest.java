package io.pgbk.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleTest {
    private static final String HOSTILE = "a\u001b[2J\u009b1m\r\b\u0000\u202etxt\u2028b";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(stream(out), stream(err), OutputFormat.TEXT, true, false);

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    @Test
    void hazardTextOfOthersCommandsNoTerminal() {
        ErrorReport.of(new PgbkException(ErrorCode.OBJECT_DAMAGED, HOSTILE, "Look at " + HOSTILE))
                .print(console);
        console.warn(HOSTILE);
        console.answer(HOSTILE, List.of("1\t" + HOSTILE + "\n2 é"));

        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("""
                error: a?[2J?1m????txt?b
                hint: Look at a?[2J?1m????txt?b
                warning: a?[2J?1m????txt?b
                """);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("1\ta?[2J?1m????txt?b\n2 é\n");
    }
}
