package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.node.ObjectNode;

/** The retention policies that a repository had; the newest holds for all its clusters, whoever removes. */
public final class StoredPolicies {
    /** A later format may have rules that keep more than this version would know of: it is refused, never guessed. */
    private static final int FORMAT = 1;

    /** So many of the newest objects may be damaged before the answer is refused. */
    private static final int MAX_DAMAGED = 100;

    private static final String FULL = "full";
    private static final String WINDOW = "window";
    private static final String ZONE = "timeZone";

    private final Repository repository;

    public StoredPolicies(Repository repository) {
        this.repository = repository;
    }

    /**
     * A policy in the repository.
     *
     * @param number from 1, ascending
     * @param time by the clock of the host that wrote it
     * @param by who wrote it
     */
    public record Stored(int number, RetentionPolicy policy, Instant time, String by) {}

    /**
     * The one that holds: the newest that is not damaged.
     *
     * @throws PgbkException FORMAT_TOO_NEW; OBJECT_DAMAGED when there are some and none can be read
     */
    public Optional<Stored> newest() {
        List<RepositoryObject.Policy> policies = repository.documents().keys(RepositoryLayout.POLICIES).stream()
                .map(RepositoryLayout::parse)
                .filter(RepositoryObject.Policy.class::isInstance)
                .map(RepositoryObject.Policy.class::cast)
                .toList()
                .reversed();
        PgbkException damage = null;
        for (RepositoryObject.Policy policy :
                policies.stream().limit(MAX_DAMAGED).toList()) {
            try {
                return Optional.of(read(
                        policy.number(),
                        repository
                                .documents()
                                .read(ObjectKind.POLICY, policy.key())
                                .json()));
            } catch (PgbkException e) {
                if (e.code() != ErrorCode.OBJECT_DAMAGED) {
                    throw e;
                }
                damage = damage == null ? e : damage;
            }
        }
        if (damage != null) {
            throw damage;
        }
        return Optional.empty();
    }

    /** Writes a policy, which holds from now on; returns its number. */
    public int write(RetentionPolicy policy) {
        ObjectNode json = JsonDocument.newObject()
                .put("format", FORMAT)
                .put("weekly", policy.weekly())
                .put("monthly", policy.monthly())
                .put("yearly", policy.yearly())
                .put(ZONE, policy.zone().getId())
                .put("grace", policy.grace().toString())
                .put("time", repository.runtime().clock().instant().toString())
                .put("by", repository.runtime().owner());
        policy.full().ifPresent(count -> json.put(FULL, count));
        policy.window().ifPresent(span -> json.put(WINDOW, span.toString()));
        return repository
                .documents()
                .append(ObjectKind.POLICY, RepositoryLayout.POLICIES, RepositoryLayout::policy, json);
    }

    private static Stored read(int number, JsonDocument json) {
        int format = json.integer("format", 1, Integer.MAX_VALUE);
        if (format > FORMAT) {
            throw new PgbkException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "retention policy " + json.key() + " has format " + format + ", this program knows " + FORMAT,
                    "Update pgbk on this machine.");
        }
        RetentionPolicy policy = new RetentionPolicy(
                json.has(FULL) ? OptionalInt.of(json.integer(FULL, 1, RetentionPolicy.MAX_COUNT)) : OptionalInt.empty(),
                json.has(WINDOW)
                        ? Optional.of(span(json, WINDOW, Duration.ofNanos(1), RetentionPolicy.MAX_WINDOW))
                        : Optional.empty(),
                json.integer("weekly", 0, RetentionPolicy.MAX_COUNT),
                json.integer("monthly", 0, RetentionPolicy.MAX_COUNT),
                json.integer("yearly", 0, RetentionPolicy.MAX_COUNT),
                zone(json),
                span(json, "grace", Duration.ZERO, RetentionPolicy.MAX_GRACE));
        return new Stored(number, policy, json.time("time"), json.text("by"));
    }

    private static Duration span(JsonDocument json, String name, Duration least, Duration most) {
        Duration span;
        try {
            span = Duration.parse(json.text(name));
        } catch (DateTimeException e) {
            throw json.damaged(name, "is no ISO 8601 duration");
        }
        if (span.compareTo(least) < 0 || span.compareTo(most) > 0) {
            throw json.damaged(name, "is " + span + ", not in " + least + ".." + most);
        }
        return span;
    }

    private static ZoneId zone(JsonDocument json) {
        try {
            return ZoneId.of(json.text(ZONE));
        } catch (DateTimeException e) {
            throw json.damaged(ZONE, "is no time zone");
        }
    }
}
