package io.pgbk.catalog.store;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.ObjectLockMode;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/** Tries with one small object whether a bucket's locks hold against these credentials. */
final class S3LockProbe {
    private static final String SUFFIX = "-lock";
    /** As short as slow requests allow: the object stays that long. */
    private static final Duration LOCKED = Duration.ofMinutes(1);

    private static final byte[] CONTENT = {1, 2, 3, 4};

    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Locks locks;
    private final ObjectStore store;
    private final ObjectLock lock;

    S3LockProbe(S3Client client, S3StoreConfig config, S3Locks locks, ObjectStore store, ObjectLock lock) {
        this.client = client;
        this.config = config;
        this.locks = locks;
        this.store = store;
        this.lock = lock;
    }

    LockProbe run(String prefix) {
        removeLeftovers(prefix);
        String key = Contents.probeKey(prefix, new SecureRandom()) + SUFFIX;
        Instant until = store.currentTime().plus(LOCKED);
        Optional<String> created;
        try {
            created = create(key, until);
        } catch (SdkException e) {
            return new LockProbe(false, false, false, false, said(e));
        }
        if (created.isEmpty()) {
            store.delete(List.of(key));
            return new LockProbe(false, false, false, false, "the bucket keeps no versions");
        }
        String version = created.get();
        boolean refuses = !remove(key, version, false);
        if (!refuses) {
            return new LockProbe(true, false, false, false, "");
        }
        String problem = extend(key, version, until.plus(LOCKED));
        boolean evadable = lock.mode() == ObjectLock.Mode.GOVERNANCE && remove(key, version, true);
        return new LockProbe(true, true, problem.isEmpty(), evadable, problem);
    }

    /** What earlier probes had to leave. */
    private void removeLeftovers(String prefix) {
        List<String> old = new ArrayList<>();
        store.list(prefix, "").forEachRemaining(object -> {
            if (object.key().endsWith(SUFFIX)) {
                old.add(object.key());
            }
        });
        store.delete(old);
    }

    private Optional<String> create(String key, Instant until) {
        BytesBody body = new BytesBody(CONTENT);
        S3Attempts attempts = S3Attempts.begin(config, "create", key, body.length());
        while (true) {
            try {
                return attempts.attempt(limits -> Optional.ofNullable(S3Versions.versionOf(client.putObject(
                                PutObjectRequest.builder()
                                        .bucket(config.bucket())
                                        .key(config.objectName(key))
                                        .contentLength(body.length())
                                        .contentMD5(locks.needsMd5(true) ? S3Multipart.contentMd5(body) : null)
                                        .objectLockMode(ObjectLockMode.fromValue(
                                                lock.mode().name()))
                                        .objectLockRetainUntilDate(until)
                                        .overrideConfiguration(limits)
                                        .build(),
                                RequestBody.fromBytes(CONTENT))
                        .versionId())));
            } catch (SdkException e) {
                if (isRefusal(e)) {
                    throw e;
                }
                attempts.retryOrThrow(e);
            }
        }
    }

    /** Whether the version went. */
    private boolean remove(String key, String version, boolean evading) {
        S3Attempts attempts = S3Attempts.begin(config, "delete", key, 0);
        while (true) {
            try {
                attempts.attempt(limits -> client.deleteObject(DeleteObjectRequest.builder()
                        .bucket(config.bucket())
                        .key(config.objectName(key))
                        .versionId(version)
                        .bypassGovernanceRetention(evading ? true : null)
                        .overrideConfiguration(limits)
                        .build()));
                return true;
            } catch (SdkException e) {
                if (isRefusal(e)) {
                    return false;
                }
                attempts.retryOrThrow(e);
            }
        }
    }

    /** Empty, or why the lock could not be extended. */
    private String extend(String key, String version, Instant until) {
        S3Attempts attempts = S3Attempts.begin(config, "extend the lock of", key, 0);
        while (true) {
            try {
                attempts.attempt(limits -> {
                    locks.put(
                            config.objectName(key),
                            version,
                            ObjectLockRetentionMode.fromValue(lock.mode().name()),
                            until,
                            limits);
                    return key;
                });
                return "";
            } catch (SdkException e) {
                if (isRefusal(e)) {
                    return said(e);
                }
                attempts.retryOrThrow(e);
            }
        }
    }

    private static boolean isRefusal(SdkException failure) {
        return switch (S3Failures.meaningOf(failure)) {
            case DENIED, FATAL -> failure instanceof AwsServiceException;
            case MISSING_KEY, MISSING_BUCKET, MISSING_UPLOAD, PRECONDITION, RANGE, TRANSIENT, INTERRUPTED -> false;
        };
    }

    private static String said(SdkException failure) {
        if (failure instanceof AwsServiceException answer) {
            String message = answer.awsErrorDetails() == null
                    ? null
                    : answer.awsErrorDetails().errorMessage();
            return "the store answered " + answer.statusCode() + " " + S3Failures.errorCode(answer)
                    + (message == null || message.isEmpty() ? "" : ": " + message);
        }
        return String.valueOf(failure.getMessage());
    }
}
