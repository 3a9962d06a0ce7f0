package io.pgbk.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * PostgreSQL's own programs as the distribution installs them below {@code /usr/lib/postgresql/<major>/bin}. They are
 * the oracles of many tests; the embedded servers come without them.
 */
public final class Tools {
    private static final Path PARENT = Path.of("/usr/lib/postgresql");
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private Tools() {}

    /** A program of this very major version, for example {@code pg_verifybackup} of 15. */
    public static Optional<Path> find(int major, String program) {
        Path path = PARENT.resolve(Integer.toString(major)).resolve("bin").resolve(program);
        return Files.isExecutable(path) ? Optional.of(path) : Optional.empty();
    }

    /** A program of the newest version that is installed, for those that work with any server ({@code psql}). */
    public static Optional<Path> find(String program) {
        for (int major = 30; major >= 10; major--) {
            Optional<Path> found = find(major, program);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /**
     * Runs a program against a server, as the database's user, with the environment that finds the server.
     *
     * @param environment added to it
     */
    public static CommandOutcome run(
            PostgresServer server, Path program, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(List.of(arguments));
        Map<String, String> all = new java.util.HashMap<>(server.clientEnvironment());
        all.putAll(environment);
        return AsPostgres.run(command, all, server.workDirectory(), LIMIT);
    }

    /** The major versions of which the distribution has programs here. */
    public static List<Integer> majors() {
        if (!Files.isDirectory(PARENT)) {
            return List.of();
        }
        try (var directories = Files.list(PARENT)) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(name -> name.matches("\\d+"))
                    .map(Integer::valueOf)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
