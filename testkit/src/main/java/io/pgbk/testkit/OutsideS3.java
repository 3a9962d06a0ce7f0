package io.pgbk.testkit;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An S3 service that somebody gave to the tests: PGBK_TEST_S3_ENDPOINT, _BUCKET (must exist), _ACCESS_KEY, _SECRET_KEY,
 * and optionally _REGION, _CA (PEM file) and _PATH_STYLE ({@code false} for bucket names in the host name).
 */
public final class OutsideS3 {
    private static final String PREFIX = "PGBK_TEST_S3_";

    private OutsideS3() {}

    /** The service, empty when PGBK_TEST_S3_ENDPOINT is not set. */
    public static Optional<S3Endpoint> find() {
        String url = variable("ENDPOINT");
        if (url == null) {
            return Optional.empty();
        }
        String ca = variable("CA");
        return Optional.of(new S3Endpoint(
                "outside",
                URI.create(url),
                Objects.requireNonNullElse(variable("REGION"), "us-east-1"),
                required("ACCESS_KEY"),
                required("SECRET_KEY"),
                required("BUCKET"),
                !"false".equals(variable("PATH_STYLE")),
                ca == null ? null : Path.of(ca)));
    }

    private static @Nullable String variable(String name) {
        String value = System.getenv(PREFIX + name);
        return value == null || value.isEmpty() ? null : value;
    }

    private static String required(String name) {
        String value = variable(name);
        if (value == null) {
            throw new IllegalStateException(PREFIX + name + " is not set");
        }
        return value;
    }
}
