package io.pgbk.catalog.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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
 * versions are. An answer that names a new delete marker proves a versioned bucket to credentials that may not ask.
 */
final class S3Deletion {
    /** S3's limit. */
    private static final int BATCH = 1000;
    /** Of how many locked versions one removal asks until when. */
    private static final int MAX_LOCKS_ASKED = 20;

    private static final Set<String> PASSING_ERRORS = Set.of("InternalError", "SlowDown", "ServiceUnavailable");

    private final S3Client client;
    private final S3StoreConfig config;
    private final S3Versions versions;
    private final S3Locks locks;

    S3Deletion(S3Client client, S3StoreConfig config, S3Versions versions, S3Locks locks) {
        this.client = client;
        this.config = config;
        this.versions = versions;
        this.locks = locks;
    }

    /** One version of an object, or the object of a bucket without versions. */
    private record Target(String name, @Nullable String version) {}

    List<DeleteFailure> delete(Collection<String> keys) {
        Set<String> names = new LinkedHashSet<>();
        for (String key : keys) {
            versions.forget(key);
            names.add(config.objectName(key));
        }
        Map<Target, String> failures = new LinkedHashMap<>();
        Set<String> marked = remove(names, failures);
        if (!marked.isEmpty()) {
            // Nothing said so far that the bucket keeps versions. Now the markers go, and what they stand over.
            versions.prove();
            remove(marked, failures);
        }
        return describe(failures);
    }

    /** Returns the names that got a delete marker instead. */
    private Set<String> remove(Set<String> names, Map<Target, String> failures) {
        List<Target> targets = targets(names);
        Set<String> marked = new LinkedHashSet<>();
        for (int start = 0; start < targets.size(); start += BATCH) {
            delete(targets.subList(start, Math.min(start + BATCH, targets.size())), failures, marked);
        }
        return marked;
    }

    private List<Target> targets(Set<String> names) {
        if (!versions.areListed()) {
            return names.stream().map(name -> new Target(name, null)).toList();
        }
        List<S3Versions.Version> found = new ArrayList<>();
        new S3VersionSearch(versions).forEach(new TreeSet<>(names), found::add);
        if (found.stream().anyMatch(version -> !versions.isPlain(version))) {
            versions.prove();
        }
        return found.stream()
                .map(version -> new Target(version.name(), versions.isPlain(version) ? null : version.id()))
                .toList();
    }

    /** One failure for each key: that of the version that is locked longest, if any is. */
    private List<DeleteFailure> describe(Map<Target, String> failures) {
        Map<String, DeleteFailure> byKey = new LinkedHashMap<>();
        int asked = 0;
        for (Map.Entry<Target, String> failure : failures.entrySet()) {
            Target target = failure.getKey();
            String version = target.version();
            // The store says "denied" for a locked version as for one without rights; of many, the first tell enough.
            Optional<Instant> until = version == null || asked++ >= MAX_LOCKS_ASKED
                    ? Optional.empty()
                    : locks.lockedUntil(target.name(), version);
            String reason = until.map(time -> "locked until " + time).orElse(failure.getValue());
            byKey.merge(
                    target.name(),
                    new DeleteFailure(S3Listing.keyOf(config, target.name()), reason, until),
                    S3Deletion::longer);
        }
        return List.copyOf(byKey.values());
    }

    private static DeleteFailure longer(DeleteFailure one, DeleteFailure other) {
        boolean otherIsLonger = other.lockedUntil()
                .map(until -> one.lockedUntil().map(until::isAfter).orElse(true))
                .orElse(false);
        return otherIsLonger ? other : one;
    }

    private void delete(List<Target> batch, Map<Target, String> failures, Set<String> marked) {
        Set<Target> open = new HashSet<>(batch);
        S3Attempts attempts = S3Attempts.begin(config, "delete objects", null, 0);
        while (!open.isEmpty()) {
            try {
                request(open, failures, marked, attempts);
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
    private void request(Set<Target> open, Map<Target, String> failures, Set<String> marked, S3Attempts attempts) {
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
            if (Boolean.TRUE.equals(deleted.deleteMarker()) && open.contains(new Target(deleted.key(), null))) {
                marked.add(deleted.key());
            }
            settle(open, deleted.key(), deleted.versionId());
        }
        for (S3Error error : answer.errors()) {
            String code = String.valueOf(error.code());
            if (code.equals("NoSuchKey") || code.equals("NoSuchVersion")) {
                settle(open, error.key(), error.versionId());
            } else if (!PASSING_ERRORS.contains(code) || attempts.isLast()) {
                settle(open, error.key(), error.versionId());
                failures.put(
                        new Target(error.key(), error.versionId()),
                        code + (error.message() == null ? "" : ": " + error.message()));
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
