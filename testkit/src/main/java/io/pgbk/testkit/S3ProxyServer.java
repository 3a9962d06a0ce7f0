package io.pgbk.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * S3Proxy over a directory, in a JVM of its own (its class path is nothing that pgbk's tests should see). The process
 * ends with {@link #close()} and also when this JVM dies in any other way.
 *
 * <p>As a program: {@code S3ProxyServer ROOT BUCKET FILE} serves until it is killed and writes shell assignments
 * (S3_ENDPOINT, S3_BUCKET, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY) to FILE once it is ready.
 */
public final class S3ProxyServer implements AutoCloseable {
    private static final String CLASS_PATH_RESOURCE = "/io/pgbk/testkit/s3proxy/classpath";
    private static final String MAIN_CLASS = "io.pgbk.testkit.s3proxy.S3ProxyMain";
    private static final String ACCESS_KEY = "pgbkkey";
    private static final String SECRET_KEY = "pgbksecret00000000";

    private final Process process;
    private final Path root;
    private final int port;
    private final Set<String> buckets = ConcurrentHashMap.newKeySet();

    private S3ProxyServer(Process process, Path root, int port, Set<String> buckets) {
        this.process = process;
        this.root = root;
        this.port = port;
        this.buckets.addAll(buckets);
    }

    /** Starts a server that keeps its buckets and a log below {@code root}. */
    public static S3ProxyServer start(Path root, String... buckets) {
        try {
            return launch(root, List.of(buckets));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start S3Proxy in " + root, e);
        }
    }

    private static S3ProxyServer launch(Path root, List<String> buckets) throws IOException {
        Path data = root.resolve("data");
        Files.createDirectories(data);
        Path log = root.resolve("s3proxy.log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-Dlogback.configurationFile=io/pgbk/testkit/s3proxy/logback.xml",
                "-cp",
                classPath(),
                MAIN_CLASS,
                data.toString()));
        command.addAll(buckets);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(root.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("S3PROXY_ACCESS_KEY", ACCESS_KEY);
        builder.environment().put("S3PROXY_SECRET_KEY", SECRET_KEY);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = builder.start();
        // The reader stays open as long as the process: closing it would break the server's standard output.
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("ready ")) {
                int port = Integer.parseInt(line.substring("ready ".length()));
                return new S3ProxyServer(process, data, port, new HashSet<>(buckets));
            }
        }
        process.destroyForcibly();
        throw new IOException("the server ended before it was ready:\n" + Files.readString(log));
    }

    private static String classPath() throws IOException {
        try (InputStream resource = S3ProxyServer.class.getResourceAsStream(CLASS_PATH_RESOURCE)) {
            if (resource == null) {
                throw new IOException("the build of testkit/s3proxy did not write " + CLASS_PATH_RESOURCE);
            }
            String libraries = new String(resource.readAllBytes(), StandardCharsets.UTF_8).strip();
            return ClassPaths.locationOf(CLASS_PATH_RESOURCE) + java.io.File.pathSeparator + libraries;
        }
    }

    /** The directory that holds the objects of a bucket as files named by their keys. */
    public Path directoryOf(String bucket) {
        return root.resolve(bucket);
    }

    /** How to reach a bucket of this server, which is made when it is not there yet. */
    public S3Endpoint endpoint(String bucket) {
        if (buckets.add(bucket)) {
            try {
                Files.createDirectories(root.resolve(bucket));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        URI url = URI.create("http://127.0.0.1:" + port);
        return new S3Endpoint("s3proxy", url, "us-east-1", ACCESS_KEY, SECRET_KEY, bucket, true, null);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3) {
            System.err.println("usage: S3ProxyServer ROOT BUCKET FILE");
            System.exit(2);
        }
        S3ProxyServer server = start(Path.of(arguments[0]), arguments[1]);
        Runtime.getRuntime().addShutdownHook(new Thread(server::close));
        S3Endpoint endpoint = server.endpoint(arguments[1]);
        StringBuilder text = new StringBuilder();
        Map.of(
                        "S3_ENDPOINT", endpoint.url().toString(),
                        "S3_BUCKET", endpoint.bucket(),
                        "S3_REGION", endpoint.region(),
                        "S3_ACCESS_KEY", endpoint.accessKey(),
                        "S3_SECRET_KEY", endpoint.secretKey())
                .forEach((name, value) ->
                        text.append(name).append("='").append(value).append("'\n"));
        Path file = Path.of(arguments[2]);
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(temporary, text);
        Files.move(temporary, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        System.exit(server.process.waitFor());
    }
}
