package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayInputStream;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;

/** Tries what a bucket promises. */
final class S3Probe {
    private static final byte[] FIRST = {1, 1, 1, 1};
    private static final byte[] SECOND = {2, 2, 2, 2};

    private final S3StoreConfig config;
    private final S3Creation creation;
    private final S3Reader reader;
    private final S3Deletion deletion;
    private final S3Versions versions;

    S3Probe(S3StoreConfig config, S3Creation creation, S3Reader reader, S3Deletion deletion, S3Versions versions) {
        this.config = config;
        this.creation = creation;
        this.reader = reader;
        this.deletion = deletion;
        this.versions = versions;
    }

    StoreProbe run(String prefix) {
        String key = Contents.probeKey(prefix, new SecureRandom());
        String wrongKey = key + "-wrong";
        try {
            boolean missingIsNotFound = missingIsNotFound(key + "-missing");
            BytesBody first = new BytesBody(FIRST);
            PutObjectResponse answer = S3Attempts.run(
                    config,
                    "create",
                    key,
                    0,
                    limits -> creation.putIfAbsent(key, first, S3Creation.requestBody(first), limits));
            boolean versioned = S3Versions.versionOf(answer.versionId()) != null;
            if (versioned) {
                versions.prove();
            }
            return new StoreProbe(firstStays(key), refusesWrongDigest(wrongKey), missingIsNotFound, versioned);
        } finally {
            deletion.delete(List.of(key, wrongKey));
        }
    }

    private boolean missingIsNotFound(String key) {
        try {
            return reader.findLength(key).isEmpty();
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.PERMISSION_DENIED) {
                return false;
            }
            throw e;
        }
    }

    private boolean firstStays(String key) {
        BytesBody second = new BytesBody(SECOND);
        return S3Attempts.run(config, "create", key, 0, limits -> {
            try {
                String version =
                        S3Versions.versionOf(creation.putIfAbsent(key, second, S3Creation.requestBody(second), limits)
                                .versionId());
                // A bucket with versions keeps the first one, and the first one is what counts.
                return version != null
                        && reader.hasContent(key, new BytesBody(FIRST), limits).orElse(false);
            } catch (SdkException e) {
                if (S3Failures.meaningOf(e) == S3Failures.Meaning.PRECONDITION) {
                    return reader.hasContent(key, new BytesBody(FIRST), limits).orElse(false);
                }
                throw e;
            }
        });
    }

    /** Signs one content and sends another of the same length, as a fault on the way would. */
    private boolean refusesWrongDigest(String key) {
        BytesBody signed = new BytesBody(FIRST);
        AtomicInteger readings = new AtomicInteger();
        RequestBody changing = RequestBody.fromContentProvider(
                () -> new ByteArrayInputStream(readings.getAndIncrement() == 0 ? FIRST : SECOND),
                FIRST.length,
                "application/octet-stream");
        S3Attempts attempts = S3Attempts.begin(config, "create", key, 0);
        while (true) {
            try {
                readings.set(0);
                attempts.attempt(limits -> creation.putIfAbsent(key, signed, changing, limits));
                return false;
            } catch (SdkException e) {
                if (S3Failures.isAnswer(e, 400) || S3Failures.isAnswer(e, 403)) {
                    return reader.findLength(key).isEmpty();
                }
                attempts.retryOrThrow(e);
            }
        }
    }
}
