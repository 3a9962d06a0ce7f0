package io.pgbk.cli.packaging;

import io.pgbk.error.ErrorCode;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Manual pages, in troff with the man macros, from the same model that reads the command line. */
final class ManualPages {
    private final String date;
    private final String version;
    private final Map<String, String> pages = new TreeMap<>();

    private ManualPages(String version, Instant time) {
        this.version = version;
        this.date = time.atOffset(ZoneOffset.UTC).toLocalDate().toString();
    }

    /** One page for the program and one for each of its commands, by file name. */
    static Map<String, String> of(CommandLine program, String version, Instant time) {
        ManualPages manual = new ManualPages(version, time);
        manual.add(program.getCommandSpec());
        return manual.pages;
    }

    private void add(CommandSpec command) {
        String name = command.qualifiedName("-");
        pages.put(name + ".1", page(name, command));
        command.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .distinct()
                .filter(sub -> !sub.usageMessage().hidden())
                .forEach(this::add);
    }

    private String page(String name, CommandSpec command) {
        StringBuilder page = new StringBuilder();
        List<String> description = Arrays.stream(command.usageMessage().description())
                .map(ManualPages::plain)
                .toList();
        page.append(".TH \"")
                .append(escape(name.toUpperCase(java.util.Locale.ROOT)))
                .append("\" \"1\" \"")
                .append(date)
                .append("\" \"pgbk ")
                .append(escape(version))
                .append("\" \"PostgreSQL backup\"\n");
        section(page, "NAME");
        page.append(line(name + " - "
                + (description.isEmpty() ? "pgbk" : description.getFirst().replaceFirst("\\.$", ""))));
        section(page, "SYNOPSIS");
        page.append(".nf\n")
                .append(lines(plain(command.commandLine().getHelp().synopsis(0))))
                .append(".fi\n");
        section(page, "DESCRIPTION");
        description.forEach(text -> page.append(line(text)).append(".br\n"));
        List<PositionalParamSpec> parameters =
                command.positionalParameters().stream().filter(p -> !p.hidden()).toList();
        if (!parameters.isEmpty()) {
            section(page, "ARGUMENTS");
            parameters.forEach(parameter -> item(page, parameter.paramLabel(), parameter.description()));
        }
        List<OptionSpec> options =
                command.options().stream().filter(option -> !option.hidden()).toList();
        if (!options.isEmpty()) {
            section(page, "OPTIONS");
            options.forEach(option -> item(page, label(option), option.description()));
        }
        subcommands(page, command);
        if (command.parent() == null) {
            section(page, "EXIT STATUS");
            item(page, "0", "done");
            item(page, "1", "a check found something wrong; archive-get: it is proved that the file is nowhere");
            for (ErrorCode code : ErrorCode.values()) {
                if (code.exit() > 1) {
                    item(
                            page,
                            Integer.toString(code.exit()),
                            code.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
                }
            }
            section(page, "FILES");
            item(page, "/etc/pgbk/pgbk.yaml", "the configuration, unless --config or PGBK_CONFIG names another");
        } else {
            section(page, "SEE ALSO");
            page.append(line(command.parent().qualifiedName("-") + "(1)"));
        }
        return page.toString();
    }

    private static void subcommands(StringBuilder page, CommandSpec command) {
        List<CommandSpec> commands = command.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .distinct()
                .filter(sub -> !sub.usageMessage().hidden())
                .toList();
        if (!commands.isEmpty()) {
            section(page, "COMMANDS");
            for (CommandSpec sub : commands) {
                String[] description = sub.usageMessage().description();
                item(page, sub.name(), description.length == 0 ? "" : plain(description[0]));
            }
        }
    }

    private static String label(OptionSpec option) {
        String names = String.join(", ", option.names());
        return option.arity().max() == 0 ? names : names + " " + option.paramLabel();
    }

    private static void section(StringBuilder page, String title) {
        page.append(".SH ").append(title).append('\n');
    }

    private static void item(StringBuilder page, String term, String... description) {
        page.append(".TP\n\\fB").append(escape(term)).append("\\fR\n");
        String text = Arrays.stream(description).map(ManualPages::plain).collect(Collectors.joining(" "));
        page.append(line(text));
    }

    private static String plain(String markup) {
        return Ansi.OFF.string(markup.replace("%%", "%").replace("%n", "\n")).strip();
    }

    private static String lines(String text) {
        return text.lines().map(ManualPages::line).collect(Collectors.joining());
    }

    private static String line(String text) {
        return escape(text.isBlank() ? "\\&" : text) + "\n";
    }

    /** Backslashes, hyphens that must stay what they are, and dots and quotes at the start of a line. */
    private static String escape(String text) {
        String escaped = text.equals("\\&") ? text : text.replace("\\", "\\e").replace("-", "\\-");
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }
}
