package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Passes over what lies under the names of removed segments, and removes it. */
final class WalSweep {
    private static final int BATCH = 1000;
    /** Kept segments that a listing passes over before a new one behind them is the cheaper way. */
    private static final int PASS_OVER = 1000;

    private static final int MAX_LEFTOVERS = 1000;

    private final ClusterCatalog cluster;
    private final Repository repository;
    private final Incarnation incarnation;
    private final WalSegmentSize size;
    private final TaskMonitor monitor;
    private final Map<String, String> leftovers = new TreeMap<>();
    private long files;
    private long bytes;

    WalSweep(ClusterCatalog cluster, Incarnation incarnation, TaskMonitor monitor) {
        this.cluster = cluster;
        this.repository = cluster.repository();
        this.incarnation = incarnation;
        this.size = incarnation.segmentSize();
        this.monitor = monitor;
    }

    long files() {
        return files;
    }

    long bytes() {
        return bytes;
    }

    Map<String, String> leftovers() {
        return leftovers;
    }

    /** Counts what is there of removed segments. */
    void count(TrimmedWal trimmed) {
        each(trimmed, object -> {
            files++;
            bytes += object.length();
        });
    }

    /** Removes what is there of removed segments. */
    void remove(TrimmedWal trimmed, Runnable mayGoOn) {
        List<ObjectInfo> batch = new ArrayList<>();
        each(trimmed, object -> {
            batch.add(object);
            if (batch.size() == BATCH) {
                delete(batch, mayGoOn);
                batch.clear();
            }
        });
        delete(batch, mayGoOn);
    }

    private void each(TrimmedWal trimmed, Consumer<ObjectInfo> use) {
        trimmed.removed().forEach((timeline, spans) -> {
            eachFile(timeline, spans, use);
            eachRollUp(timeline, spans, use);
        });
    }

    private void eachFile(int timeline, SegmentSpans spans, Consumer<ObjectInfo> use) {
        String prefix = RepositoryLayout.walTimeline(incarnation.cluster(), incarnation.number(), timeline);
        int at = 0;
        Iterator<ObjectInfo> objects = listFrom(prefix, timeline, spans.spans().getFirst());
        while (objects.hasNext()) {
            monitor.checkCancelled();
            ObjectInfo object = objects.next();
            Optional<WalSegmentName> segment = segment(object.key());
            if (segment.isEmpty()) {
                continue;
            }
            long number = segment.get().number(size);
            while (at < spans.spans().size() && spans.spans().get(at).last() < number) {
                at++;
            }
            if (at == spans.spans().size()) {
                return;
            }
            SegmentSpans.Span span = spans.spans().get(at);
            if (number >= span.first()) {
                use.accept(object);
            } else if (span.first() - number > PASS_OVER) {
                objects = listFrom(prefix, timeline, span);
            }
        }
    }

    /** A listing begins behind a key: what belongs to the segment before is passed over. */
    private Iterator<ObjectInfo> listFrom(String prefix, int timeline, SegmentSpans.Span span) {
        String after = span.first() == 0
                ? ""
                : RepositoryLayout.wal(
                        incarnation.cluster(),
                        incarnation.number(),
                        new WalFileName.Segment(WalSegmentName.ofNumber(timeline, span.first() - 1, size)),
                        "");
        return repository.store().list(prefix, after);
    }

    /** The segment to whose name an object belongs; empty for a stranger, which stays. */
    private Optional<WalSegmentName> segment(String key) {
        Optional<WalSegmentName> name = switch (RepositoryLayout.parse(key)) {
            case RepositoryObject.Wal wal ->
                switch (wal.name()) {
                    case WalFileName.Segment(WalSegmentName segment) -> Optional.of(segment);
                    case WalFileName.Partial(WalSegmentName segment) -> Optional.of(segment);
                    case WalFileName.BackupHistory(WalSegmentName segment, int _) -> Optional.of(segment);
                    case WalFileName.History _ -> Optional.<WalSegmentName>empty();
                };
            case RepositoryObject.WalEvent event -> Optional.of(event.name());
            default -> Optional.empty();
        };
        return name.filter(possible -> possible.isPossibleWith(size));
    }

    /** A roll-up goes with the last segment that it is of; until then its readers look what is there. */
    private void eachRollUp(int timeline, SegmentSpans spans, Consumer<ObjectInfo> use) {
        String prefix = RepositoryLayout.walIndexTimeline(incarnation.cluster(), incarnation.number(), timeline);
        long end = spans.spans().getLast().last();
        Iterator<ObjectInfo> objects = repository.store().list(prefix, "");
        while (objects.hasNext()) {
            ObjectInfo object = objects.next();
            if (RepositoryLayout.parse(object.key()) instanceof RepositoryObject.WalIndex index
                    && index.first().isPossibleWith(size)
                    && index.last().isPossibleWith(size)) {
                if (index.first().number(size) > end) {
                    return;
                }
                SegmentSpans of = SegmentSpans.between(
                        index.first().number(size), index.last().number(size));
                if (of.minus(spans).isEmpty()) {
                    use.accept(object);
                }
            }
        }
    }

    private void delete(List<ObjectInfo> objects, Runnable mayGoOn) {
        if (objects.isEmpty()) {
            return;
        }
        mayGoOn.run();
        // A copy may have said since that it wants some of it again.
        TrimmedWal newest = cluster.wal(incarnation).trimming().read();
        List<ObjectInfo> still = objects.stream()
                .filter(object -> isRemoved(object.key(), newest))
                .toList();
        Map<String, String> failed = new HashMap<>();
        for (DeleteFailure failure :
                repository.store().delete(still.stream().map(ObjectInfo::key).toList())) {
            failed.put(failure.key(), failure.reason());
        }
        for (ObjectInfo object : still) {
            String reason = failed.get(object.key());
            if (reason == null) {
                files++;
                bytes += object.length();
            } else if (leftovers.size() < MAX_LEFTOVERS) {
                leftovers.put(object.key(), reason);
            }
        }
    }

    private boolean isRemoved(String key, TrimmedWal trimmed) {
        return RepositoryLayout.parse(key) instanceof RepositoryObject.WalIndex
                || segment(key).filter(name -> trimmed.isRemoved(name, size)).isPresent();
    }
}
