package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import io.pgbk.catalog.store.CreateOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Stores what the last renewal of locks left, as {@code locks/<n>}; the highest number is valid, and only that one is
 * kept. When it is lost, all locks are made longer once more.
 */
final class LockRecords {
    private static final int MAX_LABELS = 1_000_000;
    private static final int MAX_RANGES = 1_000_000;

    private final Repository repository;
    private final ClusterName cluster;

    LockRecords(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    private List<RepositoryObject.LockRenewal> all() {
        List<RepositoryObject.LockRenewal> found = new ArrayList<>();
        for (String key : repository.documents().keys(RepositoryLayout.lockRenewals(cluster))) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.LockRenewal renewal) {
                found.add(renewal);
            }
        }
        return found;
    }

    /**
     * The valid one.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED
     */
    Optional<LockRecord> last() {
        List<RepositoryObject.LockRenewal> all = all();
        return all.isEmpty()
                ? Optional.empty()
                : repository
                        .documents()
                        .find(ObjectKind.EVENT, all.getLast().key())
                        .map(document -> parse(document.json()));
    }

    private static LockRecord parse(JsonDocument json) {
        return new LockRecord(
                json.time("time"),
                json.time("until"),
                json.textList("backups", MAX_LABELS).stream()
                        .map(text -> Label.parse(text)
                                .orElseThrow(() -> json.damaged("backups", "has an element that is no label")))
                        .collect(Collectors.toSet()),
                json.objects("wal", MAX_RANGES).stream()
                        .map(range -> new KeptWal(
                                range.integer("incarnation", 1, RepositoryLayout.MAX_NUMBER),
                                (int) range.number("timeline", 1, 0xFFFF_FFFFL),
                                range.lsn("from"),
                                range.has("to") ? Optional.of(range.lsn("to")) : Optional.empty()))
                        .toList());
    }

    /** Stores the next one and removes those before it, as far as possible. */
    void append(LockRecord record) {
        ObjectNode json = JsonDocument.newObject()
                .put("owner", repository.runtime().owner())
                .put("time", record.time().toString())
                .put("until", record.until().toString());
        ArrayNode labels = json.putArray("backups");
        record.backups().stream().map(Label::value).sorted().forEach(labels::add);
        ArrayNode ranges = json.putArray("wal");
        for (KeptWal range : record.wal()) {
            ObjectNode node = ranges.addObject()
                    .put("incarnation", range.incarnation())
                    .put("timeline", Integer.toUnsignedLong(range.timeline()))
                    .put("from", range.from().toString());
            range.to().ifPresent(to -> node.put("to", to.toString()));
        }
        List<RepositoryObject.LockRenewal> before = all();
        int number = before.isEmpty() ? 1 : before.getLast().number() + 1;
        CreateOutcome outcome =
                repository.documents().create(ObjectKind.EVENT, RepositoryLayout.lockRenewal(cluster, number), json);
        if (outcome == CreateOutcome.CREATED) {
            repository
                    .store()
                    .delete(before.stream()
                            .map(RepositoryObject.LockRenewal::key)
                            .toList());
        }
    }
}
