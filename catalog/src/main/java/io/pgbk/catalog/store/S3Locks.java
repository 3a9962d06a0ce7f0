package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRetentionRequest;
import software.amazon.awssdk.services.s3.model.ObjectLockMode;
import software.amazon.awssdk.services.s3.model.ObjectLockRetention;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.PutObjectRetentionRequest;

/** The locks of a bucket's objects: what new ones get, and the requests that read and extend them. */
final class S3Locks {
    /** The lock was named when the upload began. */
    private static final Duration TOLERANCE = Duration.ofHours(12);

    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Versions versions;

    S3Locks(S3Client client, S3StoreConfig config, S3Versions versions) {
        this.client = client;
        this.config = config;
        this.versions = versions;
    }

    /** The lock that a new object gets. */
    record Lock(ObjectLockMode mode, Instant until) {}

    Optional<Lock> forNew(String key) {
        ObjectLock lock = config.objectLock();
        return lock == null || !lock.covers().test(key)
                ? Optional.empty()
                : Optional.of(new Lock(ObjectLockMode.fromValue(lock.mode().name()), lock.retainUntil()));
    }

    /** Whether a body must travel with its MD5: S3 wants a checksum of what it locks, and not every store knows CRCs. */
    boolean needsMd5(boolean locked) {
        return switch (config.effectiveChecksumMode()) {
            case LEGACY_MD5 -> true;
            case COMPATIBLE -> locked;
            case AUTO, AWS -> false;
        };
    }

    /** Until when a version is locked; empty when it is not, or when these credentials may not know. */
    Optional<Instant> lockedUntil(String name, String version) {
        try {
            return S3Attempts.run(config, "read the lock of", null, 0, limits -> {
                try {
                    return retention(name, version, limits).map(ObjectLockRetention::retainUntilDate);
                } catch (SdkException e) {
                    return switch (S3Failures.meaningOf(e)) {
                        case DENIED, FATAL, MISSING_KEY -> Optional.<Instant>empty();
                        case MISSING_BUCKET, MISSING_UPLOAD, PRECONDITION, RANGE, TRANSIENT, INTERRUPTED -> throw e;
                    };
                }
            });
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.INTERRUPTED) {
                throw e;
            }
            // Only what a message says depends on it.
            return Optional.empty();
        }
    }

    private Optional<ObjectLockRetention> retention(
            String name, @Nullable String version, AwsRequestOverrideConfiguration limits) {
        try {
            return Optional.ofNullable(client.getObjectRetention(GetObjectRetentionRequest.builder()
                            .bucket(config.bucket())
                            .key(name)
                            .versionId(version)
                            .overrideConfiguration(limits)
                            .build())
                    .retention());
        } catch (SdkException e) {
            if (S3Failures.isWithoutLock(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Locks an object that was just written, if the store has not done so.
     *
     * @param written its version, or null when it is not known
     */
    void ensure(String key, @Nullable String written, Lock lock) {
        S3Attempts.run(config, "lock", key, 0, limits -> {
            String name = config.objectName(key);
            String version = written != null
                    ? written
                    : versions.oldest(key, limits)
                            .orElseThrow(() -> new ObjectMissingException(key, config.displayName()));
            boolean locked = retention(name, version, limits)
                    .map(ObjectLockRetention::retainUntilDate)
                    .filter(until -> !until.isBefore(lock.until().minus(TOLERANCE)))
                    .isPresent();
            if (!locked) {
                put(name, version, ObjectLockRetentionMode.fromValue(lock.mode().toString()), lock.until(), limits);
            }
            return key;
        });
    }

    /** Locks the object under a key until then at least. */
    void extend(String key, Instant until) {
        ObjectLock lock = Objects.requireNonNull(config.objectLock());
        S3Attempts.run(config, "extend the lock of", key, 0, limits -> {
            String name = config.objectName(key);
            @Nullable String version = versions.known(key)
                    .or(() -> versions.oldest(key, limits))
                    .orElseThrow(() -> new ObjectMissingException(key, config.displayName()));
            try {
                put(name, version, ObjectLockRetentionMode.fromValue(lock.mode().name()), until, limits);
            } catch (SdkException e) {
                switch (S3Failures.meaningOf(e)) {
                    case DENIED, FATAL -> extendOther(name, version, until, limits, e);
                    case MISSING_KEY, MISSING_BUCKET, MISSING_UPLOAD, PRECONDITION, RANGE, TRANSIENT, INTERRUPTED -> {
                        versions.forget(key);
                        throw e;
                    }
                }
            }
            return key;
        });
    }

    /** A store refuses to shorten a lock, and to loosen its mode: then the lock that is there counts. */
    private void extendOther(
            String name, String version, Instant until, AwsRequestOverrideConfiguration limits, SdkException refused) {
        Optional<ObjectLockRetention> present;
        try {
            present = retention(name, version, limits);
        } catch (SdkException e) {
            refused.addSuppressed(e);
            throw refused;
        }
        if (present.isEmpty()) {
            throw refused;
        }
        if (present.get().retainUntilDate().isBefore(until)) {
            put(name, version, present.get().mode(), until, limits);
        }
    }

    void put(
            String name,
            String version,
            ObjectLockRetentionMode mode,
            Instant until,
            AwsRequestOverrideConfiguration limits) {
        client.putObjectRetention(PutObjectRetentionRequest.builder()
                .bucket(config.bucket())
                .key(name)
                .versionId(version)
                .retention(ObjectLockRetention.builder()
                        .mode(mode)
                        .retainUntilDate(until)
                        .build())
                .overrideConfiguration(limits)
                .build());
    }
}
