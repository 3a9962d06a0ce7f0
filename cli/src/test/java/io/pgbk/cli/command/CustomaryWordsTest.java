package io.pgbk.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.InProcess;
import io.pgbk.cli.output.StopRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CustomaryWordsTest {
    private static InProcess.Result pgbk(String... arguments) {
        return InProcess.run(Path.of("/"), Map.of(), new StopRequest(), List.of(arguments));
    }

    @Test
    void theVersionIsShownByAnOptionToo() {
        assertThat(pgbk("--version")).isEqualTo(pgbk("version"));
        assertThat(pgbk("-V", "--output", "json")).isEqualTo(pgbk("version", "--output", "json"));
        assertThat(pgbk("--version").exit()).isZero();
    }

    @Test
    void helpIsShownByAWordToo() {
        assertThat(pgbk("help")).isEqualTo(pgbk("--help"));
        assertThat(pgbk("help", "wal", "show")).isEqualTo(pgbk("wal", "show", "--help"));
        assertThat(pgbk("help", "restore").out()).contains("--target-time");
        assertThat(pgbk("help", "help")).isEqualTo(pgbk("--help"));
        assertThat(pgbk("help").exit()).isZero();
    }

    @Test
    void helpOnACommandThatThereIsNotSaysSo() {
        assertThat(pgbk("help", "restroe").exit()).isEqualTo(2);
        assertThat(pgbk("help", "restroe").err()).contains("unknown command \"restroe\"");
    }
}
