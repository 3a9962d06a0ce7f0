package io.pgbk.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs commands as the database's operating-system user and gives files to it.
 *
 * <p>PostgreSQL refuses to run as root. A test JVM that runs as root therefore starts servers and the program under
 * test as {@code postgres} (or {@code nobody} where there is no such user); every other JVM uses its own user.
 */
public final class AsPostgres {
    /**
     * For pgbk's own processes in tests: in the second or two that they run the JVM's second compiler earns nothing and
     * takes a third of the processor's time.
     */
    public static final Map<String, String> PGBK_ENVIRONMENT = Map.of("PGBK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1");

    private static final Duration SHORT = Duration.ofMinutes(1);
    private static final String SELF = System.getProperty("user.name");
    private static final String DATABASE_USER = databaseUser();

    private AsPostgres() {}

    /** The operating-system user that servers run as. */
    public static String user() {
        return DATABASE_USER;
    }

    static String currentUser() {
        return SELF;
    }

    /** The command that runs {@code command} as the database's user; its process is the command's own (exec). */
    public static List<String> command(List<String> command) {
        if (DATABASE_USER.equals(SELF)) {
            return List.copyOf(command);
        }
        List<String> whole = new ArrayList<>(
                List.of("setpriv", "--reuid=" + DATABASE_USER, "--regid=" + primaryGroup(), "--init-groups", "--"));
        whole.addAll(command);
        return whole;
    }

    /**
     * Runs a command as the database's user, waits for it and returns what it wrote.
     *
     * @param environment the whole environment of the command, except that PATH and LC_ALL are there by default
     * @param directory the working directory, or null for {@code /}
     * @throws IllegalStateException when it does not end within the time-out (it is then killed)
     */
    public static CommandOutcome run(
            List<String> command, Map<String, String> environment, @Nullable Path directory, Duration timeout) {
        return execute(command(command), environment, directory, timeout);
    }

    /** {@link #run(List, Map, Path, Duration)} with the default environment, in {@code /}, for a minute at most. */
    public static CommandOutcome run(String... command) {
        return run(List.of(command), Map.of(), null, SHORT);
    }

    static CommandOutcome runAsSelf(List<String> command, Duration timeout) {
        return execute(command, Map.of(), null, timeout);
    }

    /** Creates a new directory below {@code /tmp}, with a short path, that belongs to the database's user (mode 0700). */
    public static Path temporaryDirectory(String prefix) {
        return TestDirectories.create(prefix);
    }

    /** Creates a directory with its parents that belongs to the database's user (mode 0700). */
    public static Path createDirectory(Path directory) {
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            own(directory);
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gives a file or a whole directory to the database's user. */
    public static void own(Path path) {
        if (!DATABASE_USER.equals(SELF)) {
            runAsSelf(
                            List.of(
                                    "chown",
                                    "-R",
                                    "--no-dereference",
                                    DATABASE_USER + ":" + primaryGroup(),
                                    path.toString()),
                            SHORT)
                    .orThrow();
        }
    }

    /** Writes a file that belongs to the database's user. */
    public static void write(Path file, String content) {
        try {
            Files.writeString(file, content);
            own(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes a file or directory with everything in it (not following links); nothing happens when it is absent. */
    public static void deleteTree(Path root) {
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                    Files.deleteIfExists(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CommandOutcome execute(
            List<String> command, Map<String, String> environment, @Nullable Path directory, Duration timeout) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().putAll(environment);
        builder.directory((directory == null ? Path.of("/") : directory).toFile());
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            FutureTask<String> stdout = collect(process.getInputStream());
            FutureTask<String> stderr = collect(process.getErrorStream());
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new IllegalStateException(
                        String.join(" ", command) + " ran for more than " + timeout + "\n" + stderr.get());
            }
            return new CommandOutcome(List.copyOf(command), process.exitValue(), stdout.get(), stderr.get());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + command, e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("cannot read the output of " + command, e);
        }
    }

    private static FutureTask<String> collect(InputStream in) {
        FutureTask<String> task = new FutureTask<>(() -> new String(in.readAllBytes(), StandardCharsets.UTF_8));
        Thread.ofVirtual().start(task);
        return task;
    }

    private static String primaryGroup() {
        return PrimaryGroup.NAME;
    }

    private static String databaseUser() {
        if (!"root".equals(SELF)) {
            return SELF;
        }
        try {
            return Files.readAllLines(Path.of("/etc/passwd"), StandardCharsets.UTF_8).stream()
                            .anyMatch(line -> line.startsWith("postgres:"))
                    ? "postgres"
                    : "nobody";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Looked up once, and only where it is needed. */
    private static final class PrimaryGroup {
        private static final String NAME = runAsSelf(List.of("id", "-gn", DATABASE_USER), SHORT)
                .orThrow()
                .stdout()
                .strip();
    }
}
