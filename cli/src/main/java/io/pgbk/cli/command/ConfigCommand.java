package io.pgbk.cli.command;

import io.pgbk.cli.config.Origin;
import io.pgbk.cli.config.Setting;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.process.Session;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** {@code pgbk config}. */
@Command(name = "config", description = "Shows or checks the configuration.")
public final class ConfigCommand {
    private final Session session;

    ConfigCommand(Session session) {
        this.session = session;
    }

    private record Value(
            String key,
            String value,
            String origin,
            @Nullable String file,
            @Nullable Integer line) {}

    private record ShowAnswer(String source, List<Value> values) {}

    private record CheckAnswer(String verdict, String source, List<String> secretFiles) {}

    @Command(name = "show", description = "Shows every value that holds and where it comes from; secrets are masked.")
    int show() {
        var configuration = session.configuration();
        List<Setting> all = configuration.settings().all();
        TextTable table = new TextTable("KEY", "VALUE", "FROM");
        all.forEach(setting ->
                table.row(setting.path(), setting.shown(), setting.origin().describe()));
        session.console()
                .answer(
                        new ShowAnswer(
                                configuration.source(),
                                all.stream().map(ConfigCommand::value).toList()),
                        table.lines(""));
        return 0;
    }

    @Command(
            name = "check",
            description =
                    "Reads the configuration and every secret file that it names, and tells everything that is wrong.")
    int check() {
        var configuration = session.configuration();
        List<String> files = SecretFiles.readAll(configuration.settings());
        session.console()
                .answer(
                        new CheckAnswer("sound", configuration.source(), files),
                        List.of(configuration.source() + ": no problems found"));
        return 0;
    }

    private static Value value(Setting setting) {
        return switch (setting.origin()) {
            case Origin.FileLine place ->
                new Value(setting.path(), setting.shown(), "file", place.file(), place.line());
            case Origin.Environment place -> new Value(setting.path(), setting.shown(), place.variable(), null, null);
            case Origin.CommandLine place -> new Value(setting.path(), setting.shown(), place.option(), null, null);
            case Origin.Default _ -> new Value(setting.path(), setting.shown(), "default", null, null);
        };
    }
}
