package io.pgbk.catalog.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        Failures failures = new Failures();
        Set<String> marked = remove(names, failures);
        if (!marked.isEmpty()) {
            // Nothing said so far that the bucket keeps versions. Now the markers go, and what they stand over.
            versions.prove();
            remove(marked, failures);
        }
        return describe(failures);
    }

    /** What could not be removed, in memory that does not grow with the versions of a name. */
    private static final class Failures {
        /** By name what the store said first. */
        private final Map<String, String> reasons = new LinkedHashMap<>();
        /** The store says "denied" for a locked version as for one without rights; of many, the first tell enough. */
        private final List<Target> versions = new ArrayList<>();

        void add(Target target, String reason) {
            reasons.putIfAbsent(target.name(), reason);
            if (target.version() != null && versions.size() < MAX_LOCKS_ASKED) {
                versions.add(target);
            }
        }
    }

    /** Returns the names that got a delete marker instead. */
    private Set<String> remove(Set<String> names, Failures failures) {
        Set<String> marked = new LinkedHashSet<>();
        if (versions.areListed()) {
            List<S3Versions.Version> found = new ArrayList<>();
            new S3VersionSearch(versions).forEach(new TreeSet<>(names), version -> {
                found.add(version);
                // Somebody may have laid a million versions over a name. What the search goes on from stays till later:
                // not every store finds its place behind a version that is gone.
                if (found.size() == 2 * BATCH) {
                    delete(targets(found.subList(0, BATCH)), failures, marked);
                    found.subList(0, BATCH).clear();
                }
            });
            inBatches(targets(found), failures, marked);
        } else {
            inBatches(names.stream().map(name -> new Target(name, null)).toList(), failures, marked);
        }
        return marked;
    }

    private void inBatches(List<Target> targets, Failures failures, Set<String> marked) {
        for (int start = 0; start < targets.size(); start += BATCH) {
            delete(targets.subList(start, Math.min(start + BATCH, targets.size())), failures, marked);
        }
    }

    private List<Target> targets(List<S3Versions.Version> found) {
        if (found.stream().anyMatch(version -> !versions.isPlain(version))) {
            versions.prove();
        }
        return found.stream()
                .map(version -> new Target(version.name(), versions.isPlain(version) ? null : version.id()))
                .toList();
    }

    /** One failure for each key: that of the version that is locked longest, if any is. */
    private List<DeleteFailure> describe(Failures failures) {
        Map<String, DeleteFailure> byKey = new LinkedHashMap<>();
        failures.reasons.forEach((name, reason) ->
                byKey.put(name, new DeleteFailure(S3Listing.keyOf(config, name), reason, Optional.empty())));
        for (Target target : failures.versions) {
            Optional<Instant> until = locks.lockedUntil(target.name(), Objects.requireNonNull(target.version()));
            until.ifPresent(time -> byKey.merge(
                    target.name(),
                    new DeleteFailure(S3Listing.keyOf(config, target.name()), "locked until " + time, until),
                    S3Deletion::longer));
        }
        return List.copyOf(byKey.values());
    }

    private static DeleteFailure longer(DeleteFailure one, DeleteFailure other) {
        boolean otherIsLonger = other.lockedUntil()
                .map(until -> one.lockedUntil().map(until::isAfter).orElse(true))
                .orElse(false);
        return otherIsLonger ? other : one;
    }

    private void delete(List<Target> batch, Failures failures, Set<String> marked) {
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
    private void request(Set<Target> open, Failures failures, Set<String> marked, S3Attempts attempts) {
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
                failures.add(
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
