package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** Single GET requests and what their answers prove. In a versioned bucket the oldest version is the object. */
final class S3Reader {
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Versions versions;

    S3Reader(S3Client client, S3StoreConfig config, S3Versions versions) {
        this.client = client;
        this.config = config;
        this.versions = versions;
    }

    /** An open body, the length of the whole object and its entity tag. */
    record Answer(ResponseInputStream<GetObjectResponse> body, long objectLength, String eTag) {}

    /**
     * Opens a range; the answer's body has exactly that range. One request; one or two more for the first read of a key
     * in a versioned bucket.
     *
     * @throws SdkException as the SDK does, and for answers that are none of S3
     */
    Answer openRange(String key, long offset, long length, AwsRequestOverrideConfiguration limits) {
        ResponseInputStream<GetObjectResponse> body = get(key, "bytes=" + offset + "-" + (offset + length - 1), limits);
        try {
            String contentRange = body.response().contentRange();
            Matcher range = CONTENT_RANGE.matcher(contentRange == null ? "" : contentRange);
            if (!range.matches() || Long.parseLong(range.group(1)) != offset) {
                throw noAnswer("asked for bytes from " + offset + ", the answer has range " + contentRange);
            }
            long objectLength = Long.parseLong(range.group(3));
            if (offset + length > objectLength) {
                throw Contents.rangePastEnd(key, config.displayName(), offset, length, objectLength);
            }
            if (Long.parseLong(range.group(2)) != offset + length - 1) {
                throw noAnswer(
                        "asked for " + length + " bytes from " + offset + ", the answer has range " + contentRange);
            }
            return new Answer(body, objectLength, eTag(body.response()));
        } catch (RuntimeException e) {
            body.abort();
            throw e;
        }
    }

    /** Opens a whole object. */
    Answer openAll(String key, AwsRequestOverrideConfiguration limits) {
        ResponseInputStream<GetObjectResponse> body = get(key, null, limits);
        try {
            Long length = body.response().contentLength();
            if (length == null || length < 0) {
                throw noAnswer("the answer has no length");
            }
            return new Answer(body, length, eTag(body.response()));
        } catch (RuntimeException e) {
            body.abort();
            throw e;
        }
    }

    private ResponseInputStream<GetObjectResponse> get(
            String key, @Nullable String range, AwsRequestOverrideConfiguration limits) {
        Optional<String> known = versions.known(key);
        if (known.isPresent()) {
            try {
                return get(key, range, known.get(), limits);
            } catch (SdkException e) {
                if (S3Failures.meaningOf(e) != S3Failures.Meaning.MISSING_KEY) {
                    throw e;
                }
                // That version was removed; the name may have been created anew since.
                versions.forget(key);
            }
        }
        ResponseInputStream<GetObjectResponse> newest;
        try {
            newest = get(key, range, null, limits);
        } catch (SdkException e) {
            return older(key, range, e, limits);
        }
        String version = S3Versions.versionOf(newest.response().versionId());
        if (version == null) {
            return newest;
        }
        String oldest = oldest(key, version, newest, limits);
        versions.remember(key, oldest);
        if (oldest.equals(version)) {
            return newest;
        }
        newest.abort();
        return get(key, range, oldest, limits);
    }

    private String oldest(
            String key,
            String newestVersion,
            ResponseInputStream<GetObjectResponse> newest,
            AwsRequestOverrideConfiguration limits) {
        try {
            return versions.oldest(key, limits).orElse(newestVersion);
        } catch (RuntimeException e) {
            newest.abort();
            throw e;
        }
    }

    /**
     * What is below a newest version that cannot be read: a delete marker, content that is shorter than the range, or
     * one that these credentials cannot open. Costs nothing but in a versioned bucket.
     */
    private ResponseInputStream<GetObjectResponse> older(
            String key, @Nullable String range, SdkException failure, AwsRequestOverrideConfiguration limits) {
        boolean answered = switch (S3Failures.meaningOf(failure)) {
            case MISSING_KEY, RANGE, DENIED, FATAL -> failure instanceof AwsServiceException;
            case MISSING_BUCKET, MISSING_UPLOAD, PRECONDITION, TRANSIENT, INTERRUPTED -> false;
        };
        if (!answered || S3Failures.isAboutCredentials(failure)) {
            throw failure;
        }
        if (S3Failures.isDeleteMarker(failure)) {
            versions.prove();
        }
        if (!versions.areListed()) {
            throw failure;
        }
        Optional<S3Versions.Version> oldest;
        try {
            oldest = versions.history(key, limits).oldest();
        } catch (SdkException e) {
            if (S3Failures.isDeleteMarker(failure) || S3Failures.meaningOf(e) == S3Failures.Meaning.INTERRUPTED) {
                // Something was there, and who may not look below the marker knows nothing.
                throw e;
            }
            failure.addSuppressed(e);
            throw failure;
        }
        if (oldest.isEmpty() || versions.isPlain(oldest.get())) {
            throw failure;
        }
        String version = oldest.get().id();
        versions.remember(key, version);
        return get(key, range, version, limits);
    }

    private ResponseInputStream<GetObjectResponse> get(
            String key, @Nullable String range, @Nullable String version, AwsRequestOverrideConfiguration limits) {
        return client.getObject(GetObjectRequest.builder()
                .bucket(config.bucket())
                .key(config.objectName(key))
                .range(range)
                .versionId(version)
                .overrideConfiguration(limits)
                .build());
    }

    private static String eTag(GetObjectResponse response) {
        String eTag = response.eTag();
        if (eTag == null || eTag.isEmpty()) {
            throw noAnswer("the answer has no entity tag");
        }
        return eTag;
    }

    private static SdkClientException noAnswer(String problem) {
        return SdkClientException.create("no S3 answer: " + problem);
    }

    /** A failure in the middle of a body, as what the SDK would throw. */
    static SdkException broken(IOException failure) {
        return SdkClientException.create("the answer broke off", failure);
    }

    /** A body that ended before its announced length. */
    static SdkException tooShort(long missingBytes) {
        return SdkClientException.create("the answer ended " + missingBytes + " bytes too early");
    }

    /**
     * The length of an object, empty when the store said NoSuchKey. Asks for one byte, because the answer to a HEAD
     * does not tell a missing key from a missing bucket.
     */
    OptionalLong findLength(String key) {
        try {
            return OptionalLong.of(S3Attempts.run(config, "read", key, 0, limits -> lengthOf(key, limits)));
        } catch (ObjectMissingException e) {
            return OptionalLong.empty();
        }
    }

    private long lengthOf(String key, AwsRequestOverrideConfiguration limits) {
        try {
            Answer answer = openRange(key, 0, 1, limits);
            answer.body().abort();
            return answer.objectLength();
        } catch (SdkException e) {
            if (S3Failures.meaningOf(e) != S3Failures.Meaning.RANGE) {
                throw e;
            }
            // No first byte: an empty object. The whole of it proves that.
            Answer answer = openAll(key, limits);
            answer.body().abort();
            return answer.objectLength();
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.OBJECT_DAMAGED) {
                // Some stores answer the range of an empty object with an empty range.
                return 0;
            }
            throw e;
        }
    }

    byte[] readAll(String key, int maxBytes) {
        return S3Attempts.run(config, "read", key, 0, limits -> {
            Answer answer = openAll(key, limits);
            try (InputStream body = answer.body()) {
                if (answer.objectLength() > maxBytes) {
                    answer.body().abort();
                    throw Contents.tooLong(key, config.displayName(), answer.objectLength(), maxBytes);
                }
                byte[] content = body.readNBytes((int) answer.objectLength());
                if (content.length < answer.objectLength()) {
                    throw tooShort(answer.objectLength() - content.length);
                }
                return content;
            } catch (IOException e) {
                answer.body().abort();
                throw broken(e);
            }
        });
    }

    /** Whether the object under the key has the body's content; empty when there is none. */
    Optional<Boolean> hasContent(String key, ObjectBody wanted, AwsRequestOverrideConfiguration limits) {
        Answer answer;
        try {
            answer = openAll(key, limits);
        } catch (SdkException e) {
            if (S3Failures.meaningOf(e) == S3Failures.Meaning.MISSING_KEY) {
                return Optional.empty();
            }
            throw e;
        }
        boolean ended = false;
        try (InputStream content = wanted.open()) {
            boolean same = answer.objectLength() == wanted.length() && Contents.areEqual(answer.body(), content);
            ended = same;
            return Optional.of(same);
        } catch (IOException e) {
            throw broken(e);
        } finally {
            if (!ended) {
                answer.body().abort();
            }
        }
    }
}
