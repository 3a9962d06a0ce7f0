package io.pgbk.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A Ceph RADOS Gateway on loopback, over http and https with an authority of its own. One is shared by everything that
 * runs in this JVM, or by a whole run: PGBK_TEST_RGW_DIR names the directory of one that {@code rgw.sh} starts or has
 * started.
 *
 * <p>The server stops with this JVM, also when that is killed: its supervisor watches a pipe.
 */
public final class RgwServer {
    private static final String SHARED_DIRECTORY = "PGBK_TEST_RGW_DIR";
    private static final List<String> PROGRAMS =
            List.of("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "openssl", "setpriv");

    /** Longer than all attempts of the script together. */
    private static final Duration START_DEADLINE = Duration.ofMinutes(15);

    private static @Nullable RgwServer shared;
    private static boolean reported;

    private final Map<String, String> facts;

    private RgwServer(Path directory) throws IOException {
        facts = readAssignments(directory.resolve("endpoint"));
    }

    /** The shared server, started by the first caller; empty, and said so on standard error, without Debian's Ceph. */
    public static synchronized Optional<RgwServer> find() {
        if (shared != null) {
            return Optional.of(shared);
        }
        try {
            String given = System.getenv(SHARED_DIRECTORY);
            if (given != null && !given.isEmpty() && isStarted(Path.of(given))) {
                shared = new RgwServer(Path.of(given));
                return Optional.of(shared);
            }
            List<String> missing =
                    PROGRAMS.stream().filter(program -> !isInstalled(program)).toList();
            if (!missing.isEmpty()) {
                if (!reported) {
                    reported = true;
                    System.err.println("NOT TESTED: Ceph RADOS Gateway, not installed: " + String.join(", ", missing)
                            + " (apt-get install radosgw ceph-mon ceph-osd ceph-common)");
                }
                return Optional.empty();
            }
            shared = start();
            return Optional.of(shared);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start the Ceph RADOS Gateway", e);
        }
    }

    /** Waits for the gateway that another process starts; false, and said so, when that process gave up. */
    private static boolean isStarted(Path directory) throws IOException {
        Path endpoint = directory.resolve("endpoint");
        Path failed = directory.resolve("failed");
        Deadline.within(START_DEADLINE)
                .await("the gateway in " + directory, () -> Files.exists(endpoint) || Files.exists(failed));
        if (Files.exists(failed)) {
            System.err.println("this JVM starts a gateway of its own: " + Files.readString(failed));
        }
        return Files.exists(endpoint);
    }

    private static boolean isInstalled(String program) {
        String path = Objects.requireNonNullElse(System.getenv("PATH"), "") + ":/usr/sbin:/sbin";
        for (String directory : path.split(":", -1)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    private static RgwServer start() throws IOException {
        Path directory = Files.createTempDirectory("pgbk-rgw-");
        Path script = directory.resolve("rgw.sh");
        try (InputStream resource = RgwServer.class.getResourceAsStream("rgw.sh")) {
            Files.copy(Objects.requireNonNull(resource), script, StandardCopyOption.REPLACE_EXISTING);
        }
        Path data = directory.resolve("data");
        Path errors = directory.resolve("errors");
        Process process = new ProcessBuilder("bash", script.toString(), "run", data.toString())
                .redirectError(errors.toFile())
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process, directory), "stop the gateway"));
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.equals("ready")) {
                return new RgwServer(data);
            }
        }
        throw new IOException("the supervisor ended: " + Files.readString(errors));
    }

    private static void stop(Process process, Path directory) {
        try {
            process.outputWriter(StandardCharsets.UTF_8).close();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            deleteTree(directory);
        } catch (IOException e) {
            System.err.println("stopping the Ceph RADOS Gateway: " + e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static void deleteTree(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static Map<String, String> readAssignments(Path file) throws IOException {
        Map<String, String> assignments = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            int equals = line.indexOf('=');
            assignments.put(line.substring(0, equals), line.substring(equals + 1));
        }
        return assignments;
    }

    /** How to reach a bucket over plain HTTP; the bucket is made when it is not there. */
    public S3Endpoint http(String bucket) {
        S3Endpoint endpoint = endpoint("rgw-http", "HTTP_URL", bucket, null);
        new S3Admin(endpoint).createBucket();
        return endpoint;
    }

    /** How to reach a bucket over TLS with the test authority; the bucket is made when it is not there. */
    public S3Endpoint https(String bucket) {
        http(bucket);
        return endpoint("rgw-https", "HTTPS_URL", bucket, Path.of(fact("CA_FILE")));
    }

    private S3Endpoint endpoint(String name, String urlKey, String bucket, @Nullable Path caFile) {
        return new S3Endpoint(
                name,
                URI.create(fact(urlKey)),
                fact("REGION"),
                fact("ACCESS_KEY"),
                fact("SECRET_KEY"),
                bucket,
                true,
                caFile);
    }

    private String fact(String key) {
        return Objects.requireNonNull(facts.get(key), key);
    }
}
