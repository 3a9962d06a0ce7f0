package io.pgbk.catalog.store;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.GetBucketVersioningRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsRequest;

/** Whether a bucket keeps versions: what it says when it is asked, and what its other answers prove. */
final class S3Versioning {
    private final S3Client client;
    private final S3StoreConfig config;
    private @Nullable Versioning known;

    S3Versioning(S3Client client, S3StoreConfig config) {
        this.client = client;
        this.config = config;
        // Only buckets that keep versions lock objects; init proved that this one does.
        known = config.objectLock() != null ? Versioning.KEPT : null;
    }

    /** An answer named a version or a delete marker: whatever the credentials may ask, the bucket keeps versions. */
    synchronized void prove() {
        known = Versioning.KEPT;
    }

    /** Asked once. A store that knows no such question keeps no versions. */
    synchronized Versioning state() {
        if (known == null) {
            known = S3Attempts.run(config, "read the versioning of the bucket", null, 0, this::ask);
        }
        return known;
    }

    private Versioning ask(AwsRequestOverrideConfiguration limits) {
        try {
            BucketVersioningStatus status = client.getBucketVersioning(GetBucketVersioningRequest.builder()
                            .bucket(config.bucket())
                            .overrideConfiguration(limits)
                            .build())
                    .status();
            return status == BucketVersioningStatus.ENABLED || status == BucketVersioningStatus.SUSPENDED
                    ? Versioning.KEPT
                    : Versioning.NONE;
        } catch (SdkException e) {
            if (S3Failures.meaningOf(e) == S3Failures.Meaning.FATAL) {
                return Versioning.NONE;
            }
            if (!S3Failures.isMissingRight(e)) {
                throw e;
            }
            return mayList(limits) ? Versioning.LISTED : Versioning.UNKNOWN;
        }
    }

    private boolean mayList(AwsRequestOverrideConfiguration limits) {
        try {
            client.listObjectVersions(ListObjectVersionsRequest.builder()
                    .bucket(config.bucket())
                    .prefix(config.objectName("repository.json"))
                    .maxKeys(1)
                    .overrideConfiguration(limits)
                    .build());
            return true;
        } catch (SdkException e) {
            if (S3Failures.meaningOf(e) == S3Failures.Meaning.FATAL || S3Failures.isMissingRight(e)) {
                return false;
            }
            throw e;
        }
    }
}
