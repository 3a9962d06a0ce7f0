package io.pgbk.cli.hook;

import io.pgbk.cli.output.OutputFormat;
import io.pgbk.cli.process.GlobalOptions;
import io.pgbk.cli.process.SecretOnCommandLine;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A call of one of the two hooks.
 *
 * @param kind which
 * @param options what every command takes
 * @param operands the words after the command, as this JVM shows them (see {@link FileNames})
 */
public record HookCall(Kind kind, GlobalOptions options, List<String> operands) {
    /** The hooks. */
    public enum Kind {
        /** For archive_command. */
        PUSH("archive-push PATH", 1),
        /** For restore_command. */
        GET("archive-get NAME DESTINATION", 2);

        private final String usage;
        private final int operands;

        Kind(String usage, int operands) {
            this.usage = usage;
            this.operands = operands;
        }
    }

    public HookCall {
        operands = List.copyOf(operands);
    }

    /** Which hook the arguments call; empty when it is another command, or when help is asked for. */
    public static Optional<Kind> kindOf(List<String> arguments) {
        if (arguments.contains("--help") || arguments.contains("-h")) {
            return Optional.empty();
        }
        Iterator<String> words = arguments.iterator();
        while (words.hasNext()) {
            String word = words.next();
            if (takesValue(word) && words.hasNext()) {
                words.next();
            } else if (!word.startsWith("-")) {
                return switch (word) {
                    case "archive-push", "wal-push" -> Optional.of(Kind.PUSH);
                    case "archive-get", "wal-fetch" -> Optional.of(Kind.GET);
                    default -> Optional.empty();
                };
            }
        }
        return Optional.empty();
    }

    /** Whether errors are wanted as JSON; never fails. */
    public static boolean wantsJson(List<String> arguments) {
        int option = arguments.indexOf("--output");
        return arguments.contains("--output=json")
                || (option >= 0
                        && option + 1 < arguments.size()
                        && arguments.get(option + 1).equals("json"));
    }

    /**
     * Reads the arguments of a hook.
     *
     * @throws PgbkException with code USAGE
     */
    public static HookCall parse(Kind kind, List<String> arguments) {
        SecretOnCommandLine.refuse(arguments);
        Parser parser = new Parser(kind, arguments.iterator());
        return parser.parse();
    }

    private static boolean takesValue(String word) {
        return switch (word) {
            case "--config", "--cluster", "--repository", "--output" -> true;
            default -> false;
        };
    }

    private static final class Parser {
        private final Kind kind;
        private final Iterator<String> words;
        private Optional<Path> config = Optional.empty();
        private Optional<String> cluster = Optional.empty();
        private Optional<String> repository = Optional.empty();
        private OutputFormat output = OutputFormat.TEXT;
        private boolean verbose;
        private final List<String> operands = new ArrayList<>();

        private Parser(Kind kind, Iterator<String> words) {
            this.kind = kind;
            this.words = words;
        }

        private HookCall parse() {
            boolean onlyOperands = false;
            while (words.hasNext()) {
                String word = words.next();
                if (!onlyOperands && word.equals("--")) {
                    onlyOperands = true;
                } else if (!onlyOperands && word.startsWith("-")) {
                    option(word);
                } else {
                    operands.add(word);
                }
            }
            operands.removeFirst();
            if (operands.size() != kind.operands) {
                throw usage("expected " + kind.usage + ", found " + operands.size() + " words after the command");
            }
            return new HookCall(kind, new GlobalOptions(config, cluster, repository, output, verbose), operands);
        }

        private void option(String word) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (name.equals("-v") || name.equals("--verbose")) {
                verbose = true;
                return;
            }
            if (!takesValue(name)) {
                throw usage("unknown option " + FileNames.display(name));
            }
            if (equals < 0 && !words.hasNext()) {
                throw usage("option " + name + " has no value");
            }
            String value = equals < 0 ? words.next() : word.substring(equals + 1);
            switch (name) {
                case "--config" -> config = Optional.of(Path.of(value));
                case "--cluster" -> cluster = Optional.of(FileNames.textOfArgument(value));
                case "--repository" -> repository = Optional.of(FileNames.textOfArgument(value));
                default -> output = format(value);
            }
        }

        private OutputFormat format(String value) {
            return switch (value) {
                case "text" -> OutputFormat.TEXT;
                case "json" -> OutputFormat.JSON;
                default -> throw usage("expected text or json after --output, found " + FileNames.display(value));
            };
        }

        private PgbkException usage(String message) {
            String setting = kind == Kind.PUSH
                    ? "archive_command = 'pgbk archive-push %p'"
                    : "restore_command = 'pgbk archive-get %f %p'";
            return new PgbkException(ErrorCode.USAGE, message, "In PostgreSQL's configuration: " + setting + ".");
        }
    }

    /** The name of the hook, for messages. */
    String command() {
        return kind.usage.substring(0, kind.usage.indexOf(' ')).toLowerCase(Locale.ROOT);
    }
}
