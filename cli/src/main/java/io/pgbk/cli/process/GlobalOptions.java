package io.pgbk.cli.process;

import io.pgbk.cli.output.OutputFormat;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The options that every command takes, before or after its name.
 *
 * @param config the configuration file
 * @param cluster the cluster's name instead of the configured one
 * @param repository the repository that the command works with
 * @param output how it answers
 * @param verbose whether details are shown
 */
public record GlobalOptions(
        Optional<Path> config,
        Optional<String> cluster,
        Optional<String> repository,
        OutputFormat output,
        boolean verbose) {
    /** Nothing was given. */
    public static final GlobalOptions NONE =
            new GlobalOptions(Optional.empty(), Optional.empty(), Optional.empty(), OutputFormat.TEXT, false);
}
