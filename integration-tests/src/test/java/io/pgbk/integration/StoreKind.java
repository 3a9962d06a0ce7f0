package io.pgbk.integration;

import io.pgbk.testkit.S3Endpoint;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where a test's repository lies. The servers are started on first use and serve all tests of the JVM. */
public enum StoreKind {
    DIRECTORY,
    S3PROXY,
    RGW_HTTP,
    RGW_HTTPS,
    /** A bucket with object lock. */
    RGW_LOCKED;

    public @Nullable S3Endpoint endpoint() {
        return switch (this) {
            case DIRECTORY -> null;
            case S3PROXY -> Servers.s3Proxy();
            case RGW_HTTP -> Servers.rgwHttp();
            case RGW_HTTPS -> Servers.rgwHttps();
            case RGW_LOCKED -> Servers.rgwLocked();
        };
    }

    /** The lines of one entry of {@code repositories}, below {@code - name}, indented by four. */
    String repositoryYaml(Path directory, String prefix, Path secrets) {
        S3Endpoint endpoint = endpoint();
        if (endpoint == null) {
            return "    url: file://" + directory.resolve(prefix) + "\n";
        }
        String ca = endpoint.caFile() == null ? "" : "    ca-file: " + secrets.resolve("ca.pem") + "\n";
        return "    url: s3://" + endpoint.bucket() + "/" + prefix + "\n"
                + "    endpoint: " + endpoint.url() + "\n"
                + "    region: " + endpoint.region() + "\n"
                + "    path-style: " + endpoint.pathStyle() + "\n"
                + ca
                + "    credentials: {access-key-file: " + secrets.resolve("access-key-" + label())
                + ", secret-key-file: " + secrets.resolve("secret-key-" + label()) + "}\n";
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
