package io.pgbk.cli.command;

import io.pgbk.cli.output.OutputFormat;
import io.pgbk.cli.process.GlobalOptions;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The root of all commands; holds the options that may stand before or after each of them. */
@Command(
        name = "pgbk",
        description = "Backup and point-in-time recovery for PostgreSQL on S3-compatible storage.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = false)
public final class PgbkCommand {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "The configuration file; else PGBK_CONFIG, else /etc/pgbk/pgbk.yaml.")
    private @Nullable Path config;

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            scope = ScopeType.INHERIT,
            description = "The cluster, instead of the configured one.")
    private @Nullable String cluster;

    @Option(
            names = "--repository",
            paramLabel = "NAME",
            scope = ScopeType.INHERIT,
            description = "The repository to work with; else the first one, or all where the command looks at all.")
    private @Nullable String repository;

    @Option(
            names = "--output",
            paramLabel = "text|json",
            completionCandidates = Words.Output.class,
            scope = ScopeType.INHERIT,
            description = "How to answer: text for people, or one JSON object.")
    private OutputFormat output = OutputFormat.TEXT;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Shows details.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    /** What was given. */
    public GlobalOptions options() {
        return new GlobalOptions(
                Optional.ofNullable(config),
                Optional.ofNullable(cluster),
                Optional.ofNullable(repository),
                output,
                verbose);
    }
}
