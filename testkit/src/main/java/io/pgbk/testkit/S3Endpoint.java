package io.pgbk.testkit;

import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A running S3 server and how to reach it.
 *
 * @param name for test names and messages, for example {@code rgw-https}
 * @param url scheme, host and port
 * @param bucket an existing bucket
 * @param pathStyle whether the bucket stands in the path instead of the host name
 * @param caFile PEM certificates to trust, or null for those of the system
 */
public record S3Endpoint(
        String name,
        URI url,
        String region,
        String accessKey,
        String secretKey,
        String bucket,
        boolean pathStyle,
        @Nullable Path caFile) {

    public S3Endpoint withBucket(String otherBucket) {
        return new S3Endpoint(name, url, region, accessKey, secretKey, otherBucket, pathStyle, caFile);
    }

    public S3Endpoint withUrl(URI otherUrl) {
        return new S3Endpoint(name, otherUrl, region, accessKey, secretKey, bucket, pathStyle, caFile);
    }

    public S3Endpoint withSecretKey(String otherSecretKey) {
        return new S3Endpoint(name, url, region, accessKey, otherSecretKey, bucket, pathStyle, caFile);
    }

    public S3Endpoint withCaFile(@Nullable Path otherCaFile) {
        return new S3Endpoint(name, url, region, accessKey, secretKey, bucket, pathStyle, otherCaFile);
    }

    @Override
    public String toString() {
        return name + " " + url + "/" + bucket + " as " + accessKey;
    }
}
