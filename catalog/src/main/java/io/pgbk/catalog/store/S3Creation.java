package io.pgbk.catalog.store;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/**
 * Exclusive creation: one PUT with {@code If-None-Match: *}.
 *
 * <p>An answer that refuses, conflicts, breaks off or does not come says nothing about who wrote the key: it may have
 * been this very request, carried out and lost. The object that is there is compared then, and only when there is none
 * the request is sent again.
 */
final class S3Creation {
    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Reader reader;
    private final S3Versions versions;
    private final S3Locks locks;

    S3Creation(S3Client client, S3StoreConfig config, S3Reader reader, S3Versions versions, S3Locks locks) {
        this.client = client;
        this.config = config;
        this.reader = reader;
        this.versions = versions;
        this.locks = locks;
    }

    CreateOutcome create(String key, ObjectBody body) {
        S3Attempts attempts = S3Attempts.begin(config, "create", key, body.length());
        // A store that ignores the condition is at least looked at before it overwrites, or before it keeps a locked
        // version that nobody needs and nobody can take back: AWS keeps the condition, of others that is not sure.
        boolean locked = config.endpoint() != null && locks.forNew(key).isPresent();
        boolean lookFirst = config.allowUnsafeStore() || locked;
        while (true) {
            try {
                if (lookFirst) {
                    Optional<Boolean> same = attempts.attempt(
                            limits -> locked && versions.oldest(key, limits).isEmpty()
                                    ? Optional.empty()
                                    : reader.hasContent(key, body, limits));
                    if (same.isPresent()) {
                        return same.get() ? CreateOutcome.CREATED : CreateOutcome.EXISTS;
                    }
                    lookFirst = false;
                }
                return attempts.attempt(limits -> put(key, body, limits));
            } catch (SdkException e) {
                // "Taken" is an answer: it needs no pause before the comparison, unless it contradicted the last one.
                boolean taken = S3Failures.meaningOf(e) == S3Failures.Meaning.PRECONDITION;
                if (!taken || attempts.hasFailed()) {
                    attempts.retryOrThrow(e);
                } else {
                    attempts.countFailure();
                }
                lookFirst = true;
            }
        }
    }

    private CreateOutcome put(String key, ObjectBody body, AwsRequestOverrideConfiguration limits) {
        PutObjectResponse answer = putIfAbsent(key, body, requestBody(body), limits);
        String version = S3Versions.versionOf(answer.versionId());
        return version == null ? CreateOutcome.CREATED : settle(key, body, version, limits);
    }

    /** The bare request; also what the probe of a store uses. */
    PutObjectResponse putIfAbsent(
            String key, ObjectBody body, RequestBody content, AwsRequestOverrideConfiguration limits) {
        Optional<S3Locks.Lock> lock = locks.forNew(key);
        @Nullable String md5 = locks.needsMd5(lock.isPresent()) ? S3Multipart.contentMd5(body) : null;
        PutObjectResponse answer = client.putObject(
                PutObjectRequest.builder()
                        .bucket(config.bucket())
                        .key(config.objectName(key))
                        .ifNoneMatch("*")
                        .contentLength(body.length())
                        .contentMD5(md5)
                        .objectLockMode(lock.map(S3Locks.Lock::mode).orElse(null))
                        .objectLockRetainUntilDate(lock.map(S3Locks.Lock::until).orElse(null))
                        .storageClass(config.storageClass())
                        .overrideConfiguration(limits)
                        .build(),
                content);
        if (answer.eTag() == null || answer.eTag().isEmpty()) {
            throw SdkClientException.create("no S3 answer: a stored object without an entity tag");
        }
        return answer;
    }

    /** In a versioned bucket the oldest version counts; a younger one of ours is taken back. */
    private CreateOutcome settle(String key, ObjectBody body, String version, AwsRequestOverrideConfiguration limits) {
        Optional<String> oldest = versions.oldest(key, limits);
        if (oldest.isEmpty() || oldest.get().equals(version)) {
            versions.remember(key, version);
            return CreateOutcome.CREATED;
        }
        versions.remember(key, oldest.get());
        versions.removeVersion(key, version, limits);
        boolean same = reader.hasContent(key, body, limits).orElse(false);
        return same ? CreateOutcome.CREATED : CreateOutcome.EXISTS;
    }

    /** The body for the SDK, which reads it twice: once to sign, once to send. */
    static RequestBody requestBody(ObjectBody body) {
        return RequestBody.fromContentProvider(() -> openUnchecked(body), body.length(), "application/octet-stream");
    }

    private static InputStream openUnchecked(ObjectBody body) {
        try {
            return body.open();
        } catch (IOException e) {
            throw new BodyFailure(e);
        }
    }
}
