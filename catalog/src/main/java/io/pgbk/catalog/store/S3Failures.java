package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/** What an answer or a broken connection means, and how it is told to people. */
final class S3Failures {
    private static final String SKEWED = "RequestTimeTooSkewed";

    private S3Failures() {}

    /** The meaning of a failed request. */
    enum Meaning {
        /** The store said NoSuchKey. */
        MISSING_KEY,
        /** The store said NoSuchBucket. */
        MISSING_BUCKET,
        /** The multipart upload is not (or no longer) known. */
        MISSING_UPLOAD,
        /** A condition was not met: the key is taken. */
        PRECONDITION,
        /** The range begins after the end of the object. */
        RANGE,
        /** Credentials or policy. */
        DENIED,
        /** May go away: worth another try while there is time. */
        TRANSIENT,
        /** Will not go away. */
        FATAL,
        /** This thread was interrupted. */
        INTERRUPTED
    }

    static Meaning meaningOf(SdkException failure) {
        return switch (failure) {
            case AwsServiceException answer -> meaningOfAnswer(answer);
            case AbortedException _ -> Meaning.INTERRUPTED;
            default -> meaningOfClientFailure(failure);
        };
    }

    private static Meaning meaningOfAnswer(AwsServiceException answer) {
        String code = errorCode(answer);
        return switch (answer.statusCode()) {
            case 404 ->
                switch (code) {
                    case "NoSuchKey", "NoSuchVersion" -> Meaning.MISSING_KEY;
                    case "NoSuchBucket" -> Meaning.MISSING_BUCKET;
                    case "NoSuchUpload" -> Meaning.MISSING_UPLOAD;
                    // Something between us and the store answered: this proves nothing.
                    default -> Meaning.TRANSIENT;
                };
            case 412 -> Meaning.PRECONDITION;
            case 416 -> Meaning.RANGE;
            case 401, 403 -> code.equals(SKEWED) ? Meaning.TRANSIENT : Meaning.DENIED;
            case 400 ->
                switch (code) {
                    case "RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch" ->
                        Meaning.TRANSIENT;
                    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" -> Meaning.DENIED;
                    default -> Meaning.FATAL;
                };
            case 301, 307, 405, 411, 501 -> Meaning.FATAL;
            // 409 (a conflicting write), 429, 5xx, and 200 with an error in its body.
            default -> Meaning.TRANSIENT;
        };
    }

    private static Meaning meaningOfClientFailure(SdkException failure) {
        if (Thread.currentThread().isInterrupted() || find(failure, InterruptedException.class) != null) {
            return Meaning.INTERRUPTED;
        }
        if (find(failure, BodyFailure.class) != null || isUntrustedCertificate(failure)) {
            return Meaning.FATAL;
        }
        return isWithoutCredentials(failure) ? Meaning.DENIED : Meaning.TRANSIENT;
    }

    private static boolean isUntrustedCertificate(Throwable failure) {
        SSLException tls = find(failure, SSLException.class);
        return tls != null
                && (find(tls, java.security.cert.CertificateException.class) != null
                        || find(tls, java.security.cert.CertPathValidatorException.class) != null
                        || tls instanceof javax.net.ssl.SSLPeerUnverifiedException);
    }

    private static boolean isWithoutCredentials(SdkException failure) {
        return failure instanceof SdkClientException
                && String.valueOf(failure.getMessage()).contains("Unable to load credentials");
    }

    /** Whether the store answered that a delete marker hides the key; not every store says so. */
    static boolean isDeleteMarker(SdkException failure) {
        return failure instanceof AwsServiceException answer
                && answer.awsErrorDetails() != null
                && answer.awsErrorDetails().sdkHttpResponse() != null
                && answer.awsErrorDetails()
                        .sdkHttpResponse()
                        .firstMatchingHeader("x-amz-delete-marker")
                        .filter(value -> value.equals("true"))
                        .isPresent();
    }

    /** Whether the store refused the credentials themselves: it would refuse every other request as well. */
    static boolean isAboutCredentials(SdkException failure) {
        return failure instanceof AwsServiceException answer
                && switch (errorCode(answer)) {
                    case "InvalidAccessKeyId",
                            "SignatureDoesNotMatch",
                            "ExpiredToken",
                            "InvalidToken",
                            "TokenRefreshRequired" -> true;
                    default -> false;
                };
    }

    /** Whether the store knows the credentials, and they lack the right to this request. */
    static boolean isMissingRight(SdkException failure) {
        return failure instanceof AwsServiceException
                && meaningOf(failure) == Meaning.DENIED
                && !isAboutCredentials(failure);
    }

    /** Whether the store answered that an object, or its whole bucket, has no lock. */
    static boolean isWithoutLock(SdkException failure) {
        return failure instanceof AwsServiceException answer
                && switch (errorCode(answer)) {
                    case "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError" -> true;
                    default -> false;
                };
    }

    /** Whether the store answered with this status. */
    static boolean isAnswer(SdkException failure, int status) {
        return failure instanceof AwsServiceException answer && answer.statusCode() == status;
    }

    static String errorCode(AwsServiceException answer) {
        String code = answer.awsErrorDetails() == null
                ? null
                : answer.awsErrorDetails().errorCode();
        return code == null ? "" : code;
    }

    private static <T extends Throwable> @Nullable T find(@Nullable Throwable failure, Class<T> kind) {
        int depth = 0;
        for (Throwable t = failure; t != null && depth < 20; t = t.getCause(), depth++) {
            if (kind.isInstance(t)) {
                return kind.cast(t);
            }
        }
        return null;
    }

    /**
     * The failure for the caller.
     *
     * @param action what was tried, for example {@code read object wal/1}
     * @param key the object concerned, or null
     */
    static PgbkException toPgbkException(
            S3StoreConfig config, String action, @Nullable String key, SdkException failure) {
        String text = "cannot " + action + " in " + config.displayName() + ": " + describe(failure);
        return switch (meaningOf(failure)) {
            case MISSING_KEY ->
                key != null
                        ? new ObjectMissingException(key, config.displayName())
                        : new PgbkException(ErrorCode.OBJECT_MISSING, text, null, failure);
            case MISSING_BUCKET ->
                new PgbkException(
                        ErrorCode.REPOSITORY_NOT_INITIALISED,
                        "bucket " + config.bucket() + " does not exist" + at(config),
                        "Make the bucket with the tools of the storage service, or correct the url.",
                        failure);
            case DENIED -> new PgbkException(ErrorCode.PERMISSION_DENIED, text, deniedHint(failure), failure);
            case INTERRUPTED -> {
                Thread.currentThread().interrupt();
                yield new PgbkException(ErrorCode.INTERRUPTED, "interrupted: " + action, null, failure);
            }
            case FATAL -> fatal(text, failure);
            case MISSING_UPLOAD, PRECONDITION, RANGE, TRANSIENT ->
                isSkewed(failure)
                        ? new PgbkException(ErrorCode.PERMISSION_DENIED, text, deniedHint(failure), failure)
                        : new PgbkException(
                                ErrorCode.REPOSITORY_UNREACHABLE, text, unreachableHint(config, failure), failure);
        };
    }

    private static PgbkException fatal(String text, SdkException failure) {
        if (isUntrustedCertificate(failure)) {
            return new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    text,
                    "The server's certificate is not trusted: name the PEM file of its authority as ca-file, and check"
                            + " that the endpoint's host name is the one in the certificate.",
                    failure);
        }
        if (failure instanceof AwsServiceException answer && answer.statusCode() == 501) {
            return new PgbkException(
                    ErrorCode.STORE_UNSAFE, text, "The store lacks an operation that pgbk needs.", failure);
        }
        BodyFailure body = find(failure, BodyFailure.class);
        if (body != null) {
            return new PgbkException(
                    ErrorCode.INTERNAL, "cannot read what is to be stored: " + body.getMessage(), null, failure);
        }
        return new PgbkException(
                ErrorCode.CONFIGURATION, text, "Check endpoint, region, path-style and bucket name.", failure);
    }

    private static String at(S3StoreConfig config) {
        return config.endpoint() == null ? "" : " at " + config.endpoint();
    }

    private static boolean isSkewed(SdkException failure) {
        return failure instanceof AwsServiceException answer
                && errorCode(answer).equals(SKEWED);
    }

    private static String deniedHint(SdkException failure) {
        if (!(failure instanceof AwsServiceException answer)) {
            return "Name access-key-file and secret-key-file, or give the host credentials that the SDK's chain finds.";
        }
        return switch (errorCode(answer)) {
            case SKEWED -> "This host's clock differs from the store's by too much; set it.";
            case "InvalidAccessKeyId" -> "The store does not know the access key.";
            case "SignatureDoesNotMatch" -> "The secret key does not belong to the access key, or the region is wrong.";
            case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" -> "The session token is no longer valid.";
            default ->
                "The credentials need s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and"
                        + " s3:ListBucket (without the last a missing object is answered as denied); in a bucket that"
                        + " keeps versions also s3:GetBucketVersioning, s3:ListBucketVersions, s3:GetObjectVersion and"
                        + " s3:DeleteObjectVersion, with object lock s3:GetObjectRetention and s3:PutObjectRetention.";
        };
    }

    private static @Nullable String unreachableHint(S3StoreConfig config, SdkException failure) {
        if (find(failure, UnknownHostException.class) != null) {
            return "The name of the endpoint's host is not known" + at(config) + ".";
        }
        return failure instanceof AwsServiceException
                ? null
                : "Check the endpoint" + at(config) + ", the network and firewalls between.";
    }

    private static String describe(SdkException failure) {
        if (failure instanceof AwsServiceException answer) {
            String code = errorCode(answer);
            String request = answer.requestId() == null ? "" : ", request " + answer.requestId();
            return "the store answered " + answer.statusCode() + (code.isEmpty() ? "" : " " + code) + request;
        }
        Throwable root = failure;
        int depth = 0;
        for (Throwable t = failure; t != null && depth < 20; t = t.getCause(), depth++) {
            root = t;
        }
        return depth == 1
                ? String.valueOf(failure.getMessage())
                : root.getClass().getSimpleName() + ": " + root.getMessage();
    }
}
