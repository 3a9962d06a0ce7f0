package io.pgbk.cli.command;

import io.pgbk.cli.config.NearestName;
import io.pgbk.cli.output.Console;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.output.OutputFormat;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.process.SecretOnCommandLine;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Puts the commands together and runs one of them. */
public final class Commands {
    private Commands() {}

    /** The command line with every command. */
    public static CommandLine build(ProcessContext process) {
        PgbkCommand root = new PgbkCommand();
        return build(root, new Session(process, root::options));
    }

    private static CommandLine build(PgbkCommand root, Session session) {
        CommandLine commands = new CommandLine(root)
                .addSubcommand(new InitCommand(session))
                .addSubcommand(new CheckCommand(session))
                .addSubcommand(new ArchivePushCommand())
                .addSubcommand(new ArchiveGetCommand())
                .addSubcommand(new BackupCommand(session))
                .addSubcommand(new RestoreCommand(session))
                .addSubcommand(new InfoCommand(session))
                .addSubcommand(new VerifyCommand(session))
                .addSubcommand(new CopyCommand(session))
                .addSubcommand(new ExpireCommand(session))
                .addSubcommand(new RetentionCommand(session))
                .addSubcommand(new PinCommand(session))
                .addSubcommand(new UnpinCommand(session))
                .addSubcommand(new DeleteCommand(session))
                .addSubcommand(new AnnotateCommand(session))
                .addSubcommand(new WalCommand(session))
                .addSubcommand(new KeyCommand(session))
                .addSubcommand(new ConfigCommand(session))
                .addSubcommand(new VersionCommand(session))
                .addSubcommand(new CompletionCommand(session));
        commands.registerConverter(String.class, FileNames::textOfArgument);
        commands.registerConverter(OutputFormat.class, Commands::outputFormat);
        commands.setExpandAtFiles(false);
        commands.setUsageHelpLongOptionsMaxWidth(30);
        return commands;
    }

    /** Runs the command and returns the exit code of the process. */
    public static int run(List<String> arguments, ProcessContext process) {
        PgbkCommand root = new PgbkCommand();
        Session session = new Session(process, root::options);
        Console errors = new Console(
                process.out(),
                process.err(),
                asksForJson(arguments) ? OutputFormat.JSON : OutputFormat.TEXT,
                false,
                process.terminal());
        try {
            SecretOnCommandLine.refuse(arguments);
            CommandLine commands = build(root, session);
            commands.setOut(new PrintWriter(process.out(), true, StandardCharsets.UTF_8));
            commands.setErr(new PrintWriter(process.err(), true, StandardCharsets.UTF_8));
            commands.setParameterExceptionHandler((failure, _) -> report(usage(failure), errors));
            commands.setExecutionExceptionHandler((failure, _, _) -> report(failure, errors));
            if (arguments.isEmpty()) {
                commands.usage(process.err());
                return ErrorCode.USAGE.exit();
            }
            return commands.execute(CustomaryWords.translate(
                            arguments, commands.getSubcommands().keySet())
                    .toArray(String[]::new));
        } catch (Exception | OutOfMemoryError | StackOverflowError | LinkageError failure) {
            return report(failure, errors);
        }
    }

    private static int report(Throwable failure, Console errors) {
        ErrorReport report = ErrorReport.of(failure);
        report.print(errors);
        return report.code().exit();
    }

    private static Throwable usage(ParameterException failure) {
        if (failure.getCause() instanceof PgbkException known) {
            return known;
        }
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        String help = "See " + command.qualifiedName() + " --help.";
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unmatched(
                    command, FileNames.textOfArgument(unmatched.getUnmatched().getFirst()), help);
        }
        String message = String.valueOf(failure.getMessage()).strip().replaceFirst("^Error: ", "");
        return new PgbkException(
                ErrorCode.USAGE, Character.toLowerCase(message.charAt(0)) + message.substring(1), help);
    }

    private static PgbkException unmatched(CommandSpec command, String word, String help) {
        boolean option = word.startsWith("-");
        boolean subcommand = !option && !command.subcommands().isEmpty();
        String shown = option ? word.replaceFirst("(?s)=.*", "") : word;
        // Both together, because people take a command for an option and the other way round.
        Set<String> known = new TreeSet<>(command.subcommands().keySet());
        if (option || subcommand) {
            known.addAll(command.optionsMap().keySet());
        }
        String nearest = NearestName.of(shown, known)
                .map(name -> "Did you mean " + name + "? ")
                .orElse("");
        String what = option ? "unknown option " : subcommand ? "unknown command " : "unexpected argument ";
        return new PgbkException(
                ErrorCode.USAGE, what + "\"" + shown + "\" of " + command.qualifiedName(), nearest + help);
    }

    private static OutputFormat outputFormat(@Nullable String text) {
        if ("text".equals(text)) {
            return OutputFormat.TEXT;
        }
        if ("json".equals(text)) {
            return OutputFormat.JSON;
        }
        throw new TypeConversionException("expected text or json, found '" + text + "'");
    }

    /** Looks before the arguments are parsed, so that a usage error has the right form too. */
    private static boolean asksForJson(List<String> arguments) {
        int option = arguments.indexOf("--output");
        return arguments.contains("--output=json")
                || (option >= 0
                        && option + 1 < arguments.size()
                        && arguments.get(option + 1).equals("json"));
    }
}
