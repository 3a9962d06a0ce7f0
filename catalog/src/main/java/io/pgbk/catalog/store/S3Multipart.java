package io.pgbk.catalog.store;

import io.pgbk.error.PgbkException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.AbortMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedMultipartUpload;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.UploadPartRequest;

/** The requests of multipart uploads. */
final class S3Multipart {
    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Creation creation;
    private final S3Reader reader;
    private final S3Locks locks;

    S3Multipart(S3Client client, S3StoreConfig config, S3Creation creation, S3Reader reader, S3Locks locks) {
        this.client = client;
        this.config = config;
        this.creation = creation;
        this.reader = reader;
        this.locks = locks;
    }

    /** Stores content that needs no parts. */
    void createWhole(String key, ObjectBody body) {
        switch (creation.create(key, body)) {
            case CREATED -> {}
            case EXISTS -> throw Contents.uploadExists(key, config.displayName());
        }
    }

    /** Begins an upload and returns its id. */
    String begin(String key) {
        return S3Attempts.run(config, "begin the upload of", key, 0, limits -> {
            Optional<S3Locks.Lock> lock = locks.forNew(key);
            String id = client.createMultipartUpload(CreateMultipartUploadRequest.builder()
                            .bucket(config.bucket())
                            .key(config.objectName(key))
                            .storageClass(config.storageClass())
                            .objectLockMode(lock.map(S3Locks.Lock::mode).orElse(null))
                            .objectLockRetainUntilDate(
                                    lock.map(S3Locks.Lock::until).orElse(null))
                            .overrideConfiguration(limits)
                            .build())
                    .uploadId();
            if (id == null || id.isEmpty()) {
                throw SdkClientException.create("no S3 answer: an upload without an id");
            }
            return id;
        });
    }

    CompletedPart sendPart(String key, String uploadId, int number, BytesBody body) {
        boolean locked = locks.forNew(key).isPresent();
        @Nullable String md5 = locks.needsMd5(locked) ? contentMd5(body) : null;
        return S3Attempts.run(config, "upload part " + number + " of", key, body.length(), limits -> {
            String eTag = client.uploadPart(
                            UploadPartRequest.builder()
                                    .bucket(config.bucket())
                                    .key(config.objectName(key))
                                    .uploadId(uploadId)
                                    .partNumber(number)
                                    .contentLength(body.length())
                                    .contentMD5(md5)
                                    .overrideConfiguration(limits)
                                    .build(),
                            S3Creation.requestBody(body))
                    .eTag();
            if (eTag == null || eTag.isEmpty()) {
                throw SdkClientException.create("no S3 answer: a part without an entity tag");
            }
            return CompletedPart.builder().partNumber(number).eTag(eTag).build();
        });
    }

    /** Content-MD5 of a body, for stores that do not check the signed SHA-256. */
    static String contentMd5(ObjectBody body) {
        try (java.io.InputStream content = body.open()) {
            MessageDigest md5 = MessageDigest.getInstance("MD5");
            byte[] buffer = new byte[64 << 10];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                md5.update(buffer, 0, n);
            }
            return Base64.getEncoder().encodeToString(md5.digest());
        } catch (java.io.IOException e) {
            throw new BodyFailure(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Makes the object of its parts, and sees to it that it is locked. An upload that is gone after a lost answer was
     * completed.
     *
     * @param still asked before each request
     * @return false when it said no: the upload is as it was
     */
    boolean complete(String key, String uploadId, List<CompletedPart> parts, BooleanSupplier still) {
        S3Attempts attempts = S3Attempts.begin(config, "complete the upload of", key, 0);
        boolean answerLost = false;
        while (still.getAsBoolean()) {
            try {
                CompleteMultipartUploadResponse answer = attempts.attempt(limits -> join(key, uploadId, parts, limits));
                ensureLocked(key, S3Versions.versionOf(answer.versionId()));
                return true;
            } catch (SdkException e) {
                if (answerLost && S3Failures.meaningOf(e) == S3Failures.Meaning.MISSING_UPLOAD) {
                    ensureLocked(key, null);
                    return true;
                }
                attempts.retryOrThrow(e);
                answerLost = true;
            }
        }
        return false;
    }

    private CompleteMultipartUploadResponse join(
            String key, String uploadId, List<CompletedPart> parts, AwsRequestOverrideConfiguration limits) {
        return client.completeMultipartUpload(CompleteMultipartUploadRequest.builder()
                .bucket(config.bucket())
                .key(config.objectName(key))
                .uploadId(uploadId)
                .multipartUpload(CompletedMultipartUpload.builder().parts(parts).build())
                .overrideConfiguration(limits)
                .build());
    }

    /**
     * Ceph RGW 16 takes the lock of a multipart upload and forgets it.
     *
     * @param version the new object's; null when the bucket keeps none, or when the answer was lost
     */
    private void ensureLocked(String key, @Nullable String version) {
        locks.forNew(key).ifPresent(lock -> locks.ensure(key, version, lock));
    }

    /** Removes an upload and its parts; silent, because it runs after another failure. */
    void abort(String key, String uploadId) {
        try {
            S3Attempts.run(config, "abort the upload of", key, 0, limits -> {
                try {
                    client.abortMultipartUpload(AbortMultipartUploadRequest.builder()
                            .bucket(config.bucket())
                            .key(config.objectName(key))
                            .uploadId(uploadId)
                            .overrideConfiguration(limits)
                            .build());
                } catch (SdkException e) {
                    if (S3Failures.meaningOf(e) != S3Failures.Meaning.MISSING_UPLOAD) {
                        throw e;
                    }
                }
                return uploadId;
            });
        } catch (PgbkException e) {
            // The store's own rule for incomplete uploads removes it.
        }
    }

    OptionalLong findLength(String key) {
        return reader.findLength(key);
    }
}
