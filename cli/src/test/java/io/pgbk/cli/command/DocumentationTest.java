package io.pgbk.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.config.ConfigKey;
import io.pgbk.cli.config.ConfigSchema;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The generated pages are rewritten by running this test with PGBK_TEST_WRITE_DOCS=yes in the environment. */
class DocumentationTest {
    private static final Path DOCS = Path.of("../docs");

    @Test
    void theCommandsPageIsWhatTheProgramKnows() throws IOException {
        StringBuilder page =
                new StringBuilder("# Commands\n\nMade from the program itself; `pgbk COMMAND --help` says the"
                        + " same. Exit codes are in [errors](errors.md).\n");
        command(page, Commands.build(ProcessContext.ofThisProcess()));
        compare("commands.md", page.toString());
    }

    @Test
    void theConfigurationPageHasEveryKey() throws IOException {
        StringBuilder page = new StringBuilder(
                "# Configuration\n\nYAML at `/etc/pgbk/pgbk.yaml`, or where `--config` or"
                        + " `PGBK_CONFIG` says. A variable of the environment is stronger than the file; an empty one counts as"
                        + " not given. Secrets stand in files or in the environment, never in this file: a file with a secret"
                        + " must be readable by its owner only (mode 0600; 0640 when root owns it). `pgbk config check` tells"
                        + " everything that is wrong with file and line, `pgbk config show` every value that holds and where it"
                        + " comes from.\n\n| key | what it may hold | default | what for |\n| --- | --- | --- | --- |\n");
        for (ConfigKey key : ConfigSchema.all()) {
            String standard = key.defaultText() == null ? key.usedWithout() : "`" + key.defaultText() + "`";
            String name = key.secret() ? "only as `" + key.variable() + "`" : "`" + key.path() + "`";
            page.append("| ").append(name).append(" | ").append(key.type().describe());
            page.append(" | ")
                    .append(standard)
                    .append(" | ")
                    .append(key.description())
                    .append(" |\n");
        }
        page.append(
                "\nEvery key has a variable: `PGBK_`, then the name in capitals with `_` for `.` and `-`, and the index"
                        + " of a list's element from 0: `PGBK_REPOSITORIES_0_URL`.\n");
        compare("configuration.md", page.toString());
    }

    @Test
    void theErrorsPageHasEveryCode() throws IOException {
        String page = Files.readString(DOCS.resolve("errors.md"));
        for (ErrorCode code : ErrorCode.values()) {
            assertThat(page).contains("### " + code.id() + " (exit " + code.exit() + ")\n");
        }
    }

    private static void command(StringBuilder page, CommandLine command) {
        var spec = command.getCommandSpec();
        page.append("\n## ").append(spec.qualifiedName()).append("\n\n");
        page.append(String.join(" ", spec.usageMessage().description()).replace("%%", "%"))
                .append('\n');
        if (spec.aliases().length > 0) {
            page.append("\nAlso called `")
                    .append(String.join("`, `", spec.aliases()))
                    .append("`.\n");
        }
        StringBuilder rows = new StringBuilder();
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            row(rows, parameter.paramLabel(), parameter.description());
        }
        for (OptionSpec option : spec.options()) {
            if (!option.inherited()) {
                String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
                row(rows, String.join(", ", option.names()) + value, option.description());
            }
        }
        if (!rows.isEmpty()) {
            page.append("\n| | |\n| --- | --- |\n").append(rows);
        }
        command.getSubcommands().values().stream().distinct().forEach(child -> command(page, child));
    }

    private static void row(StringBuilder rows, String name, String[] description) {
        rows.append("| `").append(name.replace("|", "\\|")).append("` | ");
        rows.append(String.join(" ", description).replace("%%", "%")).append(" |\n");
    }

    private static void compare(String name, String expected) throws IOException {
        Path file = DOCS.resolve(name);
        if ("yes".equals(System.getenv("PGBK_TEST_WRITE_DOCS"))) {
            Files.writeString(file, expected);
        }
        assertThat(Files.readString(file)).isEqualTo(expected);
    }
}
