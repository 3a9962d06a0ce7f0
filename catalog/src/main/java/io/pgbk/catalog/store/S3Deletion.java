package io.pgbk.catalog.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.DeleteObjectsRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.DeletedObject;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Error;

/**
 * Removal in batches. An object counts as removed when the answer says so for it; in a versioned bucket when all its
 * versions are.
 */
final class S3Deletion {
    /** S3's limit. */
    private static final int BATCH = 1000;

    private static final Set<String> PASSING_ERRORS = Set.of("InternalError", "SlowDown", "ServiceUnavailable");

    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Versions versions;

    S3Deletion(S3Client client, S3StoreConfig config, S3Versions versions) {
        this.client = client;
        this.config = config;
        this.versions = versions;
    }

    /** One version of an object, or the object of a bucket without versions. */
    private record Target(String name, @Nullable String version) {}

    List<DeleteFailure> delete(Collection<String> keys) {
        List<Target> targets = new ArrayList<>();
        for (String key : keys) {
            if (versions.isVersioned()) {
                versions.forget(key);
                S3Attempts.run(config, "list the versions of", key, 0, limits -> versions.all(key, limits))
                        .forEach(version -> targets.add(new Target(version.name(), version.id())));
            } else {
                targets.add(new Target(config.objectName(key), null));
            }
        }
        Map<String, String> failures = new LinkedHashMap<>();
        for (int start = 0; start < targets.size(); start += BATCH) {
            delete(targets.subList(start, Math.min(start + BATCH, targets.size())), failures);
        }
        return failures.entrySet().stream()
                .map(failure -> new DeleteFailure(S3Listing.keyOf(config, failure.getKey()), failure.getValue()))
                .toList();
    }

    private void delete(List<Target> batch, Map<String, String> failures) {
        Set<Target> open = new HashSet<>(batch);
        S3Attempts attempts = S3Attempts.begin(config, "delete objects", null, 0);
        while (!open.isEmpty()) {
            try {
                request(open, failures, attempts);
                if (!open.isEmpty()) {
                    attempts.retryOrThrow(SdkClientException.create(
                            "the store did not say what became of " + open.size() + " of the objects"));
                }
            } catch (software.amazon.awssdk.core.exception.SdkException e) {
                attempts.retryOrThrow(e);
            }
        }
    }

    /** Sends one request and takes out of {@code open} what it settled. */
    private void request(Set<Target> open, Map<String, String> failures, S3Attempts attempts) {
        List<ObjectIdentifier> identifiers = open.stream()
                .map(target -> ObjectIdentifier.builder()
                        .key(target.name())
                        .versionId(target.version())
                        .build())
                .toList();
        DeleteObjectsResponse answer = attempts.attempt(limits -> client.deleteObjects(DeleteObjectsRequest.builder()
                .bucket(config.bucket())
                .delete(Delete.builder().objects(identifiers).quiet(false).build())
                .overrideConfiguration(limits)
                .build()));
        for (DeletedObject deleted : answer.deleted()) {
            settle(open, deleted.key(), deleted.versionId());
        }
        for (S3Error error : answer.errors()) {
            String code = String.valueOf(error.code());
            if (code.equals("NoSuchKey") || code.equals("NoSuchVersion")) {
                settle(open, error.key(), error.versionId());
            } else if (!PASSING_ERRORS.contains(code) || attempts.isLast()) {
                settle(open, error.key(), error.versionId());
                failures.put(error.key(), code + (error.message() == null ? "" : ": " + error.message()));
            }
        }
    }

    private static void settle(Set<Target> open, String name, @Nullable String version) {
        String id = S3Versions.versionOf(version);
        if (!open.remove(new Target(name, id))) {
            open.remove(new Target(name, version));
            // Answers for a bucket without versions may name one all the same.
            open.remove(new Target(name, null));
        }
    }
}
