package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.layout.Label;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects why backups stay, and from which of them WAL stays to the end of their lines. */
final class KeptReasons {
    private final Map<Label, List<String>> reasons = new LinkedHashMap<>();
    private final Set<Label> wanted = new HashSet<>();
    private final Set<Label> continuous = new HashSet<>();
    private final Map<Label, Set<TimelineEnd>> continuousTo = new HashMap<>();

    /** The backup stays, with the WAL that makes it consistent. */
    void keep(Candidate backup, String reason) {
        wanted.add(backup.label());
        add(backup, reason);
    }

    private void add(Candidate backup, String reason) {
        List<String> known = reasons.computeIfAbsent(backup.label(), ignored -> new ArrayList<>());
        if (!known.contains(reason)) {
            known.add(reason);
        }
    }

    /** The backup stays, with all WAL from its start on. */
    void keepWithWal(Candidate backup, String reason) {
        keep(backup, reason);
        continuous.add(backup.label());
    }

    /** The backup stays, with all WAL from its start on that leads to this end. */
    void keepWithWalTo(TimelineEnd end, Candidate backup, String reason) {
        keep(backup, reason);
        continuousTo.computeIfAbsent(backup.label(), ignored -> new HashSet<>()).add(end);
    }

    /** Whether a rule keeps it for its own sake. */
    boolean wants(Candidate backup) {
        return wanted.contains(backup.label());
    }

    boolean keeps(Candidate backup) {
        return reasons.containsKey(backup.label());
    }

    /** Whether WAL from the backup on stays on any way. */
    boolean keepsWalFrom(Candidate backup) {
        return continuous.contains(backup.label()) || continuousTo.containsKey(backup.label());
    }

    /** Whether WAL from the backup on stays up to this end. */
    boolean keepsWalFrom(Candidate backup, TimelineEnd end) {
        return end.continues(backup)
                && (continuous.contains(backup.label())
                        || continuousTo.getOrDefault(backup.label(), Set.of()).contains(end));
    }

    List<String> of(Candidate backup) {
        return reasons.getOrDefault(backup.label(), List.of());
    }

    /** Keeps everything that kept backups are built on. */
    void close(List<Candidate> backups) {
        Map<Label, Candidate> byLabel = new HashMap<>();
        backups.forEach(backup -> byLabel.put(backup.label(), backup));
        Deque<Candidate> open =
                new ArrayDeque<>(backups.stream().filter(this::keeps).toList());
        while (!open.isEmpty()) {
            Candidate user = open.removeFirst();
            for (Label needed : user.needs()) {
                Candidate found = byLabel.get(needed);
                if (found != null) {
                    if (!keeps(found)) {
                        open.addLast(found);
                    }
                    add(found, "needed by " + user.label());
                }
            }
        }
    }
}
