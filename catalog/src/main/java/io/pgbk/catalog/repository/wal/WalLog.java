package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one listing shows of the whole segments of one log (4 GiB of WAL, at most 4096 segments and few variants).
 *
 * @param objects by name, PostgreSQL's own name first
 */
public record WalLog(SortedMap<WalSegmentName, List<WalObject>> objects) {
    static WalLog of(List<WalObject> listed) {
        SortedMap<WalSegmentName, List<WalObject>> objects = new TreeMap<>();
        for (WalObject object : listed) {
            if (object.name() instanceof WalFileName.Segment(WalSegmentName name)) {
                objects.computeIfAbsent(name, ignored -> new ArrayList<>()).add(object);
            }
        }
        return new WalLog(objects);
    }

    /** The object of a name that has PostgreSQL's own name and no other version beside it. */
    public Optional<WalObject> only(WalSegmentName name) {
        List<WalObject> found = objects.getOrDefault(name, List.of());
        return found.size() == 1 && found.getFirst().variant().isEmpty()
                ? Optional.of(found.getFirst())
                : Optional.empty();
    }

    /** Names under which PostgreSQL's own file is there, ascending. */
    public List<WalSegmentName> names() {
        return objects.entrySet().stream()
                .filter(entry -> entry.getValue().stream()
                        .anyMatch(object -> object.variant().isEmpty()))
                .map(Map.Entry::getKey)
                .toList();
    }
}
