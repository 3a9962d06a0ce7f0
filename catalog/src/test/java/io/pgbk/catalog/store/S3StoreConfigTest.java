package io.pgbk.catalog.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3StoreConfigTest {
    private final S3StoreConfig config = S3StoreConfig.of("backups", "pg/main");

    @ParameterizedTest
    @ValueSource(
            strings = {"http://localhost:9000", "http://127.0.0.1:80", "http://[::1]:80", "https://s3.example.net"})
    void httpIsAllowedToThisMachineAndHttpsToAll(String endpoint) {
        assertThat(config.withEndpoint(URI.create(endpoint), null, true).endpoint())
                .isEqualTo(URI.create(endpoint));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://s3.example.net",
                "http://127.0.0.1.example.net",
                "http://10.0.0.1",
                "ftp://host",
                "s3.example.net",
                "https://user:password@host",
                "https://host/?x=y"
            })
    void otherEndpointsAreRefused(String endpoint) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.withEndpoint(URI.create(endpoint), null, true))
                .withMessageNotContaining("password");
    }

    @Test
    void badValuesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> S3StoreConfig.of("a/b", ""));
        assertThatIllegalArgumentException().isThrownBy(() -> S3StoreConfig.of("bucket", "/x"));
        assertThatIllegalArgumentException().isThrownBy(() -> S3StoreConfig.of("bucket", "x/"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.withLimits(Timeouts.DEFAULT, 0, S3StoreConfig.Transfer.DEFAULT));
        assertThatIllegalArgumentException().isThrownBy(() -> new S3StoreConfig.Transfer(1 << 20, 4, 1000));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Timeouts(Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> new S3Credentials.Fixed(" ", new Secret("x")));
    }

    @Test
    void checksumsAreAwsOwnOnlyForAws() {
        assertThat(config.effectiveChecksumMode()).isEqualTo(ChecksumMode.AWS);
        assertThat(config.withEndpoint(URI.create("https://host"), null, true).effectiveChecksumMode())
                .isEqualTo(ChecksumMode.COMPATIBLE);
        assertThat(config.withChecksumMode(ChecksumMode.LEGACY_MD5).effectiveChecksumMode())
                .isEqualTo(ChecksumMode.LEGACY_MD5);
    }

    @Test
    void placesAreNamedWithoutSecrets() {
        assertThat(config.displayName()).isEqualTo("s3://backups/pg/main");
        assertThat(S3StoreConfig.of("backups", "").displayName()).isEqualTo("s3://backups");
        assertThat(new S3Credentials.Fixed("key", new Secret("secret")).toString())
                .doesNotContain("secret]")
                .contains("***");
    }
}
