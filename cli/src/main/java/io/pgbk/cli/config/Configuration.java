package io.pgbk.cli.config;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.task.BufferPool;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A configuration without problems.
 *
 * @param source how people name where it comes from: the file, or the environment
 * @param file the file, when there is one
 * @param settings all values
 * @param repositories the repositories in their order
 * @param buffers the process's large buffers
 */
public record Configuration(
        String source,
        Optional<Path> file,
        Settings settings,
        List<ConfigurationRepository> repositories,
        BufferPool buffers) {

    private static final int MOST_WORKERS = 8;

    static Configuration of(String source, Optional<Path> file, Settings settings) {
        return new Configuration(
                source,
                file,
                settings,
                IntStream.range(0, settings.repositories())
                        .mapToObj(index -> ConfigurationRepository.of(settings, index))
                        .toList(),
                // More than that would leave too little for everything else.
                new BufferPool(Math.min(
                        settings.bytes("buffer-memory").orElseThrow(),
                        Runtime.getRuntime().maxMemory() / 2)));
    }

    /** The cluster's name in the repository. */
    public String cluster() {
        return settings.text("cluster").orElseThrow();
    }

    /** The server's data directory, when it is configured. */
    public Optional<Path> dataDirectory() {
        return settings.text("postgres.data-directory").map(FileNames::fromText);
    }

    /** The data directory of a command that cannot do without. */
    public Path requireDataDirectory() {
        return dataDirectory()
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.CONFIGURATION,
                        source + ": postgres.data-directory is not configured, and this command needs it",
                        "Give it in the configuration, or as PGBK_POSTGRES_DATA_DIRECTORY."));
    }

    /** How many workers a command has that copies data. */
    public int parallel() {
        return settings.number("parallel")
                .orElseGet(() -> Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors()));
    }

    /** The repository with this name, or the first one without a name. */
    public ConfigurationRepository repository(Optional<String> name) {
        if (name.isEmpty()) {
            return repositories.getFirst();
        }
        return repositories.stream()
                .filter(repository -> repository.name().equals(name.get()))
                .findFirst()
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.USAGE,
                        "there is no repository \"" + name.get() + "\" in " + source,
                        "Known are " + names() + "."));
    }

    /** The repositories that a command which works on all looks at: the named one, or every one. */
    public List<ConfigurationRepository> selected(Optional<String> name) {
        return name.isPresent() ? List.of(repository(name)) : repositories;
    }

    private String names() {
        return repositories.stream().map(ConfigurationRepository::name).collect(Collectors.joining(", "));
    }
}
