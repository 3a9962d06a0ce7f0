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
            request.labels().forEach(guard::requireUsable);
        } catch (RuntimeException e) {
            hold.close();
            throw e;
        }
        return hold;
    }

    @Override
    public List<HoldInfo> list() {
        Map<String, Integer> newest = new TreeMap<>();
        for (String key : repository.documents().keys(RepositoryLayout.holds(cluster))) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Hold hold) {
                newest.merge(hold.holdId(), hold.renewal(), Math::max);
            }
        }
        List<HoldInfo> holds = new ArrayList<>();
        newest.forEach((id, renewal) -> repository
                .documents()
                .find(ObjectKind.HOLD, RepositoryLayout.hold(cluster, id, renewal))
                .ifPresent(document -> holds.add(parse(id, document.json()))));
        return holds;
    }

    @Override
    public void removeExpired(Instant now) {
        for (HoldInfo hold : list()) {
            if (!hold.countsAt(now)) {
                delete(hold.holdId());
            }
        }
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
        Optional<WalRange> wal = json.optionalObject("wal")
                .map(range -> new WalRange(
                        range.integer("incarnation", 1, RepositoryLayout.MAX_NUMBER),
                        (int) range.number("timeline", 1, 0xFFFF_FFFFL),
                        range.lsn("from"),
                        range.has("to") ? Optional.of(range.lsn("to")) : Optional.empty()));
        return new HoldInfo(
                id, json.text("owner"), new HoldRequest(json.text("purpose"), labels, wal), json.time("until"));
    }

    private void delete(String holdId) {
        String prefix = RepositoryLayout.holds(cluster) + holdId + ".";
        List<String> keys = repository.documents().keys(RepositoryLayout.holds(cluster)).stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
        // What cannot be removed runs out by itself.
        repository.store().delete(keys);
    }

    private final class StoredHold implements Hold {
        private final String id;
        private final HoldRequest request;
        private final Duration validity;
        private int renewals;
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
            until = nextEnd();
            ObjectNode json = JsonDocument.newObject()
                    .put("owner", repository.runtime().owner())
                    .put("purpose", request.purpose())
                    .put("until", until.toString());
            ArrayNode labels = json.putArray("labels");
            request.labels().forEach(label -> labels.add(label.value()));
            request.wal().ifPresent(range -> {
                ObjectNode wal = json.putObject("wal")
                        .put("incarnation", range.incarnation())
                        .put("timeline", Integer.toUnsignedLong(range.timeline()))
                        .put("from", range.from().toString());
                range.to().ifPresent(to -> wal.put("to", to.toString()));
            });
            String key = RepositoryLayout.hold(cluster, id, renewals);
            if (repository.documents().create(ObjectKind.HOLD, key, json) != CreateOutcome.CREATED) {
                throw new PgbkException(ErrorCode.INTERNAL, "hold " + key + " exists already");
            }
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
            renewals++;
            write();
            if (renewals > 0) {
                repository.store().delete(List.of(RepositoryLayout.hold(cluster, id, renewals - 1)));
            }
        }

        @Override
        public synchronized void close() {
            try {
                delete(id);
            } catch (PgbkException e) {
                // The work that it protected has ended, well or badly; this failure must not take the place of its
                // result.
            }
        }
    }
}
