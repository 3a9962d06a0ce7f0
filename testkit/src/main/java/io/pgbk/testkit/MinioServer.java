package io.pgbk.testkit;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.MinIOContainer;

/**
 * MinIO in a container, one for everything that runs in this JVM; Testcontainers removes it when the JVM ends.
 * PGBK_TEST_MINIO_IMAGE names another image.
 */
public final class MinioServer {
    private static final String IMAGE = "minio/minio:RELEASE.2025-04-22T22-12-26Z";

    private static @Nullable MinioServer shared;
    private static boolean unavailable;

    private final MinIOContainer container;

    private MinioServer(MinIOContainer container) {
        this.container = container;
    }

    /** The shared server, started by the first caller; empty, and said so on standard error, without an engine. */
    public static synchronized Optional<MinioServer> find() {
        if (shared == null && !unavailable) {
            shared = start();
            unavailable = shared == null;
        }
        return Optional.ofNullable(shared);
    }

    private static @Nullable MinioServer start() {
        // Asking Testcontainers costs seconds and pages of log when there is nothing to talk to.
        boolean configured = System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock"));
        if (!configured || !DockerClientFactory.instance().isDockerAvailable()) {
            System.err.println("NOT TESTED: MinIO, no Docker engine answers");
            return null;
        }
        String image = System.getenv("PGBK_TEST_MINIO_IMAGE");
        // Stopped by Testcontainers' own reaper.
        @SuppressWarnings("resource")
        MinIOContainer container = new MinIOContainer(image == null || image.isEmpty() ? IMAGE : image);
        try {
            container.start();
            return new MinioServer(container);
        } catch (RuntimeException e) {
            System.err.println("NOT TESTED: MinIO, its container does not start: " + e.getMessage());
            return null;
        }
    }

    /** How to reach a bucket, which is made when it is not there. */
    public S3Endpoint endpoint(String bucket) {
        S3Endpoint endpoint = new S3Endpoint(
                "minio",
                URI.create(container.getS3URL()),
                "us-east-1",
                container.getUserName(),
                container.getPassword(),
                bucket,
                true,
                null);
        new S3Admin(endpoint).createBucket();
        return endpoint;
    }
}
