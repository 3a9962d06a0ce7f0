package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the names of a cluster's WAL objects say about each other. Memory grows with timelines and conflicts, not with
 * segments. Safe for use by many threads.
 */
final class WalNames {
    private record Timeline(ClusterName cluster, int incarnation, int timeline) {}

    private record Name(ClusterName cluster, int incarnation, WalSegmentName name) {}

    private final Set<Timeline> withSegments = new HashSet<>();
    private final Set<Timeline> withHistory = new HashSet<>();
    private final Map<Name, SortedSet<Integer>> events = new HashMap<>();
    private final SortedMap<String, String> named = new TreeMap<>();

    synchronized void add(RepositoryObject object) {
        if (object instanceof RepositoryObject.Wal wal) {
            Timeline timeline =
                    new Timeline(wal.cluster(), wal.incarnation(), wal.name().timeline());
            switch (wal.name()) {
                case WalFileName.Segment ignored -> withSegments.add(timeline);
                case WalFileName.History ignored -> withHistory.add(timeline);
                case WalFileName.Partial ignored -> {}
                case WalFileName.BackupHistory ignored -> {}
            }
        } else if (object instanceof RepositoryObject.WalEvent event) {
            events.computeIfAbsent(
                            new Name(event.cluster(), event.incarnation(), event.name()), name -> new TreeSet<>())
                    .add(event.number());
        }
    }

    /** An event says that this variant of its segment is there. */
    synchronized void named(RepositoryObject.WalEvent event, String variant) {
        named.put(
                RepositoryLayout.wal(
                        event.cluster(), event.incarnation(), new WalFileName.Segment(event.name()), variant),
                "event " + event.number() + " of its name says that it was archived");
    }

    /** Keys that must be there and were not listed as far as names tell, and why; the caller looks again. */
    synchronized SortedMap<String, String> missing() {
        SortedMap<String, String> missing = new TreeMap<>(named);
        for (Timeline timeline : withSegments) {
            // A segment of a later timeline is archived only behind its history.
            if (timeline.timeline() != 1 && !withHistory.contains(timeline)) {
                missing.put(
                        RepositoryLayout.wal(
                                timeline.cluster(),
                                timeline.incarnation(),
                                new WalFileName.History(timeline.timeline()),
                                ""),
                        "WAL of its timeline is archived, and the timeline's history is not");
            }
        }
        events.forEach((name, numbers) -> {
            int expected = 1;
            for (int number : numbers) {
                for (; expected < number; expected++) {
                    missing.put(
                            RepositoryLayout.walEvent(name.cluster(), name.incarnation(), name.name(), expected),
                            "events are numbered from 1, a later one is there");
                }
                expected++;
            }
        });
        return missing;
    }
}
