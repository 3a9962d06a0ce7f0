package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Endpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RgwHttpsObjectStoreTest extends S3StoreContract {
    private static S3Endpoint endpoint;

    @BeforeAll
    static void findServer() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        endpoint = server.orElseThrow().https("contract-https");
    }

    @Override
    S3Endpoint endpoint() {
        return endpoint;
    }

    @Test
    void aCertificateOfAnUnknownAuthorityIsRefusedAtOnceWithAHint() {
        Instant start = Instant.now();
        try (ObjectStore store = ObjectStores.open(config(endpoint.withCaFile(null), "tls"))) {
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> store.readAll("key", 1))
                    .satisfies(e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
                        assertThat(e.hint()).contains("ca-file");
                    });
        }
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void aCaFileWithoutCertificatesIsAConfigurationError(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("ca.pem"), "nothing");
        assertFails(ErrorCode.CONFIGURATION, () -> ObjectStores.open(config(endpoint.withCaFile(file), "tls")));
    }
}
