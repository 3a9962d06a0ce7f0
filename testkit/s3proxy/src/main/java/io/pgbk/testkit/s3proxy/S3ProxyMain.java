package io.pgbk.testkit.s3proxy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;

/**
 * An S3 server over a directory, on a loopback port that the system chooses.
 *
 * <p>Arguments: the directory, and the buckets to make. Environment: S3PROXY_ACCESS_KEY, S3PROXY_SECRET_KEY. Writes
 * {@code ready <port>} to standard output and ends when standard input ends: it cannot outlive the process that started
 * it, however that one dies.
 */
public final class S3ProxyMain {
    /** A signed request is checked before it is stored, so it is held in memory as a whole. */
    private static final long MAX_SIGNED_REQUEST_BYTES = 256L << 20;

    private S3ProxyMain() {}

    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        Files.createDirectories(root);
        for (int i = 1; i < arguments.length; i++) {
            Files.createDirectories(root.resolve(arguments[i]));
        }
        S3Proxy server = S3Proxy.builder()
                .blobStore(new FilesystemNio2BlobStore(root.toString()))
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(
                        AuthenticationType.AWS_V4, environment("S3PROXY_ACCESS_KEY"), environment("S3PROXY_SECRET_KEY"))
                .v4MaxNonChunkedRequestSize(MAX_SIGNED_REQUEST_BYTES)
                .ignoreUnknownHeaders(true)
                .jettyMaxThreads(64)
                .build();
        server.start();
        System.out.println("ready " + server.getPort());
        waitForEndOfInput();
        // Jetty's orderly stop waits for idle connections; there is nothing to lose in a test server.
        Runtime.getRuntime().halt(0);
    }

    private static void waitForEndOfInput() throws IOException {
        while (System.in.read() >= 0) {
            // Only the end matters.
        }
    }

    private static String environment(String name) {
        return Objects.requireNonNull(System.getenv(name), name);
    }
}
