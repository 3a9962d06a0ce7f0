package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@link Holds} as objects of a repository. */
public final class StoredHolds implements Holds {
    private static final int MAX_LABELS = 10_000;

    private final Repository repository;
    private final ClusterName cluster;
    private final LabelGuard guard;

    public StoredHolds(Repository repository, ClusterName cluster, LabelGuard guard) {
        this.repository = repository;
        this.cluster = cluster;
        this.guard = guard;
    }

    @Override
    public Hold take(HoldRequest request, Duration validity) {
        StoredHold hold = new StoredHold(newId(), request, validity);
        hold.write();
        try {
            requireUsable(request);
        } catch (RuntimeException e) {
            hold.close();
            throw e;
        }
        return hold;
    }

    private void requireUsable(HoldRequest request) {
        request.labels().forEach(guard::requireUsable);
        request.wal().ifPresent(guard::requireKept);
    }

    @Override
    public List<HoldInfo> list() {
        List<HoldInfo> holds = new ArrayList<>();
        newest().forEach((id, renewal) -> find(id, renewal).ifPresent(holds::add));
        return holds;
    }

    /** The highest renewal of every hold. */
    private Map<String, Integer> newest() {
        Map<String, Integer> newest = new TreeMap<>();
        for (String key : repository.documents().keys(RepositoryLayout.holds(cluster))) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Hold hold) {
                newest.merge(hold.holdId(), hold.renewal(), Math::max);
            }
        }
        return newest;
    }

    /** One that is renewed while it is looked for is there under its next number. */
    private Optional<HoldInfo> find(String id, int listed) {
        Optional<Integer> renewal = Optional.of(listed);
        while (renewal.isPresent()) {
            Optional<HoldInfo> found = repository
                    .documents()
                    .find(ObjectKind.HOLD, RepositoryLayout.hold(cluster, id, renewal.get()))
                    .map(document -> parse(id, document.json()));
            if (found.isPresent()) {
                return found;
            }
            renewal = Optional.ofNullable(newest().get(id));
        }
        return Optional.empty();
    }

    @Override
    public void removeExpired(Instant now) {
        newest().forEach((id, renewal) -> {
            if (find(id, renewal).filter(hold -> !hold.countsAt(now)).isPresent()) {
                // What its holder has renewed meanwhile has a higher number and stays.
                delete(id, renewal);
            }
        });
    }

    private String newId() {
        byte[] random = new byte[8];
        repository.runtime().random().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    private static HoldInfo parse(String id, JsonDocument json) {
        Set<Label> labels = new HashSet<>();
        for (String text : json.textList("labels", MAX_LABELS)) {
            labels.add(Label.parse(text).orElseThrow(() -> json.damaged("labels", "has an element that is no label")));
        }
        return new HoldInfo(
                id,
                json.text("owner"),
                new HoldRequest(json.text("purpose"), labels, WalRangeJson.read(json)),
                json.time("until"));
    }

    /** Removes a hold's objects up to a renewal. */
    private void delete(String holdId, int lastRenewal) {
        List<String> keys = new ArrayList<>();
        for (String key : repository.documents().keys(RepositoryLayout.holds(cluster))) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Hold hold
                    && hold.holdId().equals(holdId)
                    && hold.renewal() <= lastRenewal) {
                keys.add(key);
            }
        }
        // What cannot be removed runs out by itself.
        repository.store().delete(keys);
    }

    private final class StoredHold implements Hold {
        private final String id;
        private final HoldRequest request;
        private final Duration validity;
        private int renewals;
        private long written;
        private Instant until;

        StoredHold(String id, HoldRequest request, Duration validity) {
            this.id = id;
            this.request = request;
            this.validity = validity;
            this.until = nextEnd();
        }

        private Instant nextEnd() {
            return repository.runtime().clock().instant().plus(validity);
        }

        synchronized void write() {
            long now = repository.runtime().monotonic().nanoTime();
            Instant end = nextEnd();
            ObjectNode json = JsonDocument.newObject()
                    .put("owner", repository.runtime().owner())
                    .put("purpose", request.purpose())
                    .put("until", end.toString());
            ArrayNode labels = json.putArray("labels");
            request.labels().forEach(label -> labels.add(label.value()));
            request.wal().ifPresent(range -> WalRangeJson.write(json, range));
            String key = RepositoryLayout.hold(cluster, id, renewals);
            if (repository.documents().create(ObjectKind.HOLD, key, json) != CreateOutcome.CREATED) {
                throw new PgbkException(ErrorCode.INTERNAL, "hold " + key + " exists already");
            }
            // Only now: what could not be written protects nothing, and the next renewal is to know it.
            written = now;
            until = end;
        }

        @Override
        public String holdId() {
            return id;
        }

        @Override
        public synchronized Instant until() {
            return until;
        }

        @Override
        public synchronized void renew() {
            long silent = repository.runtime().monotonic().nanoTime() - written;
            boolean lapsed = silent >= validity.toNanos()
                    || !repository.runtime().clock().instant().isBefore(until);
            renewals++;
            write();
            repository.store().delete(List.of(RepositoryLayout.hold(cluster, id, renewals - 1)));
            if (lapsed) {
                // Nobody had to respect it any more, so this is as good as a new one.
                requireUsable(request);
            }
        }

        @Override
        public synchronized void close() {
            try {
                delete(id, RepositoryLayout.MAX_NUMBER);
            } catch (PgbkException e) {
                // The work that it protected has ended, well or badly; this failure must not take the place of its
                // result.
            }
        }
    }
}
