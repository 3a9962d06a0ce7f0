package io.pgbk.cli.process;

import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.Console;
import io.pgbk.cli.output.ConsoleMonitor;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One run of one command: its options, its configuration (read when first asked for) and its console. */
public final class Session {
    private final ProcessContext process;
    private final Supplier<GlobalOptions> options;
    private @Nullable Console console;
    private @Nullable Configuration configuration;

    /**
     * @param options asked when the arguments have been read
     */
    public Session(ProcessContext process, Supplier<GlobalOptions> options) {
        this.process = process;
        this.options = options;
    }

    /** The process. */
    public ProcessContext process() {
        return process;
    }

    /** The options that every command takes. */
    public GlobalOptions options() {
        return options.get();
    }

    /** The streams. */
    public Console console() {
        Console present = console;
        if (present == null) {
            present = new Console(
                    process.out(), process.err(), options().output(), options().verbose(), process.terminal());
            console = present;
        }
        return present;
    }

    /** The configuration. */
    public Configuration configuration() {
        Configuration present = configuration;
        if (present == null) {
            present =
                    process.configurations().load(options().config(), options().cluster());
            configuration = present;
        }
        return present;
    }

    /** The name given as {@code --repository}. */
    public Optional<String> repositoryName() {
        return options().repository();
    }

    /** Shows progress and passes the wish to stop on; the caller finishes it. */
    public ConsoleMonitor monitor() {
        return new ConsoleMonitor(console(), process.stop(), process.nanoTime());
    }
}
