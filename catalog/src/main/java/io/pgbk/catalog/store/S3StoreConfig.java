package io.pgbk.catalog.store;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A repository in an S3 bucket.
 *
 * @param bucket an existing bucket; it is not made
 * @param prefix key prefix inside the bucket without leading and trailing slash, may be empty
 * @param endpoint scheme, host and port; null for AWS
 * @param region region of the signature; for AWS null asks the SDK's chain, otherwise null means {@code us-east-1}
 * @param pathStyle bucket in the path instead of the host name
 * @param caFile PEM certificates to trust instead of the system's, or null
 * @param allowHttp allows http to a host that is not this machine
 * @param allowUnsafeStore looks before every exclusive creation, for stores that ignore the condition
 * @param storageClass storage class of new objects, or null for the bucket's default
 * @param attempts tries of one request inside the total deadline, the first included
 * @param transfer sizes and parallelism
 * @param objectLock the lock that new objects get, or null for none
 */
public record S3StoreConfig(
        String bucket,
        String prefix,
        @Nullable URI endpoint,
        @Nullable String region,
        boolean pathStyle,
        S3Credentials credentials,
        @Nullable Path caFile,
        boolean allowHttp,
        boolean allowUnsafeStore,
        ChecksumMode checksumMode,
        @Nullable String storageClass,
        Timeouts timeouts,
        int attempts,
        Transfer transfer,
        @Nullable ObjectLock objectLock)
        implements StoreConfig {
    private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,254}");

    /**
     * Sizes and parallelism of transfers. Each upload has a buffer of {@code partBytes}; beyond that they share what the
     * process's pool has left, until all together have {@code partsInFlight} (see {@link UploadBuffers}).
     *
     * @param partBytes content of one part of a multipart upload; smaller uploads are one request
     * @param partsInFlight part buffers of one store beyond one for each upload, and so about its parallel part requests
     * @param listPageSize keys asked for in one listing request
     */
    public record Transfer(int partBytes, int partsInFlight, int listPageSize) {
        public static final int SMALLEST_PART_BYTES = 5 << 20;
        public static final Transfer DEFAULT = new Transfer(8 << 20, 8, 1000);

        public Transfer {
            if (partBytes < SMALLEST_PART_BYTES || partBytes > 1 << 30) {
                throw new IllegalArgumentException("parts must have 5 MiB to 1 GiB, not " + partBytes + " bytes");
            }
            if (partsInFlight < 1 || listPageSize < 1 || listPageSize > 1000) {
                throw new IllegalArgumentException("parts in flight must be 1 or more, a listing page 1 to 1000 keys: "
                        + partsInFlight + ", " + listPageSize);
            }
        }
    }

    public S3StoreConfig {
        if (!BUCKET.matcher(bucket).matches()) {
            throw new IllegalArgumentException("no valid bucket name: " + bucket);
        }
        if (!prefix.isEmpty()) {
            Keys.check(prefix);
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("at least one attempt is needed, not " + attempts);
        }
        if (endpoint != null) {
            checkEndpoint(endpoint, allowHttp);
        }
    }

    /** The configuration with all defaults. */
    public static S3StoreConfig of(String bucket, String prefix) {
        return new S3StoreConfig(
                bucket,
                prefix,
                null,
                null,
                false,
                new S3Credentials.DefaultChain(),
                null,
                false,
                false,
                ChecksumMode.AUTO,
                null,
                Timeouts.DEFAULT,
                8,
                Transfer.DEFAULT,
                null);
    }

    private static void checkEndpoint(URI endpoint, boolean allowHttp) {
        String scheme = endpoint.getScheme();
        String host = endpoint.getHost();
        if (scheme == null || host == null || !(scheme.equals("https") || scheme.equals("http"))) {
            throw new IllegalArgumentException("an endpoint is https://host or https://host:port, not " + endpoint);
        }
        if (endpoint.getUserInfo() != null || endpoint.getQuery() != null) {
            throw new IllegalArgumentException("an endpoint must not hold credentials or parameters");
        }
        if (scheme.equals("http") && !allowHttp && !isLoopback(host)) {
            throw new IllegalArgumentException("http to " + host
                    + " is refused, what travels could be read and changed; set allow-http to use it");
        }
    }

    private static boolean isLoopback(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.equals("[::1]") || name.matches("127(\\.\\d{1,3}){3}");
    }

    /** The key in the bucket for a key (or a key prefix) of the store. */
    String objectName(String key) {
        return prefix.isEmpty() ? key : prefix + "/" + key;
    }

    /** {@link #checksumMode()} with {@link ChecksumMode#AUTO} decided. */
    ChecksumMode effectiveChecksumMode() {
        return switch (checksumMode) {
            case AUTO -> endpoint == null ? ChecksumMode.AWS : ChecksumMode.COMPATIBLE;
            case AWS, COMPATIBLE, LEGACY_MD5 -> checksumMode;
        };
    }

    public S3StoreConfig withEndpoint(@Nullable URI newEndpoint, @Nullable String newRegion, boolean newPathStyle) {
        return new S3StoreConfig(
                bucket,
                prefix,
                newEndpoint,
                newRegion,
                newPathStyle,
                credentials,
                caFile,
                allowHttp,
                allowUnsafeStore,
                checksumMode,
                storageClass,
                timeouts,
                attempts,
                transfer,
                objectLock);
    }

    public S3StoreConfig withCredentials(S3Credentials newCredentials) {
        return new S3StoreConfig(
                bucket,
                prefix,
                endpoint,
                region,
                pathStyle,
                newCredentials,
                caFile,
                allowHttp,
                allowUnsafeStore,
                checksumMode,
                storageClass,
                timeouts,
                attempts,
                transfer,
                objectLock);
    }

    public S3StoreConfig withCaFile(@Nullable Path newCaFile) {
        return new S3StoreConfig(
                bucket,
                prefix,
                endpoint,
                region,
                pathStyle,
                credentials,
                newCaFile,
                allowHttp,
                allowUnsafeStore,
                checksumMode,
                storageClass,
                timeouts,
                attempts,
                transfer,
                objectLock);
    }

    public S3StoreConfig withLimits(Timeouts newTimeouts, int newAttempts, Transfer newTransfer) {
        return new S3StoreConfig(
                bucket,
                prefix,
                endpoint,
                region,
                pathStyle,
                credentials,
                caFile,
                allowHttp,
                allowUnsafeStore,
                checksumMode,
                storageClass,
                newTimeouts,
                newAttempts,
                newTransfer,
                objectLock);
    }

    public S3StoreConfig withChecksumMode(ChecksumMode newMode) {
        return new S3StoreConfig(
                bucket,
                prefix,
                endpoint,
                region,
                pathStyle,
                credentials,
                caFile,
                allowHttp,
                allowUnsafeStore,
                newMode,
                storageClass,
                timeouts,
                attempts,
                transfer,
                objectLock);
    }

    public S3StoreConfig withObjectLock(@Nullable ObjectLock newLock) {
        return new S3StoreConfig(
                bucket,
                prefix,
                endpoint,
                region,
                pathStyle,
                credentials,
                caFile,
                allowHttp,
                allowUnsafeStore,
                checksumMode,
                storageClass,
                timeouts,
                attempts,
                transfer,
                newLock);
    }

    @Override
    public String displayName() {
        return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
    }
}
