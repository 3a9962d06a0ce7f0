package io.pgbk.catalog.store;

import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.LegacyMd5Plugin;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;

/**
 * Builds the SDK's client from a configuration.
 *
 * <p>Everything is said in code, so that the environment of a hook process cannot change it: signed payloads over http
 * and https alike, no chunked encoding (Ceph RGW refuses it for empty objects), checksums as configured, no retries
 * inside of the SDK ({@link S3Attempts} is the one place that repeats). With fixed credentials no profile file is read.
 */
final class S3Clients {
    /** Streams being read hold a connection each; restores read with dozens of threads. */
    private static final int MAX_CONNECTIONS = 256;

    /** Shorter than the idle limit of the usual servers and load balancers, which would cut the connection. */
    private static final Duration MAX_IDLE = Duration.ofSeconds(20);

    private S3Clients() {}

    static S3Client build(S3StoreConfig config) {
        S3ClientBuilder builder = S3Client.builder()
                .httpClient(httpClient(config))
                .credentialsProvider(credentials(config.credentials()))
                .overrideConfiguration(overrides(config))
                .serviceConfiguration(
                        S3Configuration.builder().chunkedEncodingEnabled(false).build())
                .forcePathStyle(config.pathStyle())
                .disableS3ExpressSessionAuth(true)
                .putAuthScheme(new PayloadSigningScheme());
        boolean everyChecksum = config.effectiveChecksumMode() == ChecksumMode.AWS;
        builder.requestChecksumCalculation(
                everyChecksum ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED);
        builder.responseChecksumValidation(
                everyChecksum ? ResponseChecksumValidation.WHEN_SUPPORTED : ResponseChecksumValidation.WHEN_REQUIRED);
        if (!everyChecksum) {
            // Stores that know no CRC demand Content-MD5 on a batch deletion.
            builder.addPlugin(LegacyMd5Plugin.create());
        }
        URI endpoint = config.endpoint();
        if (endpoint != null) {
            builder.endpointOverride(endpoint);
        }
        String region = regionOf(config);
        if (region != null) {
            builder.region(Region.of(region));
        }
        return builder.build();
    }

    private static @Nullable String regionOf(S3StoreConfig config) {
        return config.region() != null || config.endpoint() == null ? config.region() : "us-east-1";
    }

    private static Apache5HttpClient.Builder baseHttpClient(S3StoreConfig config) {
        Timeouts timeouts = config.timeouts();
        return Apache5HttpClient.builder()
                .connectionTimeout(timeouts.connect())
                .socketTimeout(timeouts.request())
                .connectionAcquisitionTimeout(timeouts.total())
                .connectionMaxIdleTime(MAX_IDLE)
                .useIdleConnectionReaper(false)
                .tcpKeepAlive(true)
                .maxConnections(MAX_CONNECTIONS);
    }

    private static software.amazon.awssdk.http.SdkHttpClient httpClient(S3StoreConfig config) {
        Apache5HttpClient.Builder builder = baseHttpClient(config);
        if (config.caFile() != null) {
            TrustedAuthorities authorities = TrustedAuthorities.read(Objects.requireNonNull(config.caFile()));
            builder.tlsTrustManagersProvider(authorities::trustManagers);
        } else if (isPlainHttp(config)) {
            // Nothing is trusted where no TLS is spoken; the system's authorities would cost tens of milliseconds to
            // read.
            builder.tlsTrustManagersProvider(() -> new TrustManager[0]);
        }
        return builder.build();
    }

    private static boolean isPlainHttp(S3StoreConfig config) {
        URI endpoint = config.endpoint();
        return endpoint != null && "http".equalsIgnoreCase(endpoint.getScheme());
    }

    private static ClientOverrideConfiguration overrides(S3StoreConfig config) {
        ClientOverrideConfiguration.Builder overrides =
                ClientOverrideConfiguration.builder().retryStrategy(AwsRetryStrategy.doNotRetry());
        if (config.credentials() instanceof S3Credentials.Fixed
                && (config.endpoint() != null || config.region() != null)) {
            ProfileFile none = ProfileFile.aggregator().build();
            overrides.defaultProfileFileSupplier(() -> none).defaultProfileName("default");
        }
        return overrides.build();
    }

    private static AwsCredentialsProvider credentials(S3Credentials credentials) {
        return switch (credentials) {
            case S3Credentials.DefaultChain() ->
                DefaultCredentialsProvider.builder().build();
            case S3Credentials.Fixed fixed -> StaticCredentialsProvider.create(keyPair(fixed));
        };
    }

    private static AwsCredentials keyPair(S3Credentials.Fixed fixed) {
        Secret token = fixed.sessionToken();
        return token == null
                ? AwsBasicCredentials.create(
                        fixed.accessKey(), fixed.secretKey().reveal())
                : AwsSessionCredentials.create(
                        fixed.accessKey(), fixed.secretKey().reveal(), token.reveal());
    }
}
