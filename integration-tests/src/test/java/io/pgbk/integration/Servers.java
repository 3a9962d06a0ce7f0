package io.pgbk.integration;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import io.pgbk.testkit.S3ProxyServer;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** The S3 servers of this JVM, started when first asked for and stopped at its end. */
final class Servers {
    private static @Nullable S3Endpoint lockedBucket;
    private static final String BUCKET = "pgbk-tests";

    private static @Nullable S3ProxyServer s3Proxy;

    private Servers() {}

    static synchronized S3Endpoint s3Proxy() {
        S3ProxyServer running = s3Proxy;
        if (running == null) {
            Path directory = AsPostgres.temporaryDirectory("s3proxy-");
            running = S3ProxyServer.start(directory, BUCKET);
            s3Proxy = running;
            S3ProxyServer started = running;
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                started.close();
                AsPostgres.deleteTree(directory);
            }));
        }
        return running.endpoint(BUCKET);
    }

    static S3Endpoint rgwHttp() {
        return rgw().http(BUCKET);
    }

    static S3Endpoint rgwHttps() {
        return rgw().https(BUCKET);
    }

    /** A bucket with object lock, made on first use. */
    static synchronized S3Endpoint rgwLocked() {
        S3Endpoint made = lockedBucket;
        if (made == null) {
            made = rgwHttp().withBucket("locked-" + Long.toHexString(System.nanoTime()));
            new S3Admin(made).createLockedBucket();
            lockedBucket = made;
        }
        return made;
    }

    private static RgwServer rgw() {
        Optional<RgwServer> found = RgwServer.find();
        Assumptions.assumeTrue(
                found.isPresent(), "Ceph's radosgw is not installed: bin/test installs it when run as root");
        return found.orElseThrow();
    }
}
