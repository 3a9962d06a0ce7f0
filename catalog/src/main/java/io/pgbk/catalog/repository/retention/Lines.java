package io.pgbk.catalog.repository.retention;

import io.pgbk.postgres.TimelineHistory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The lines of one incarnation: the ways to the ends of its timeline tree, and to backups that lie on none of them. Each
 * may be the one on which production goes on: the number of a timeline does not say so, since a test that archives gets
 * the highest one.
 */
final class Lines {
    /** How long nothing may have been written on a line with backups of its own before it can count as left. */
    static final Duration QUIET = Duration.ofDays(14);

    private final List<TimelineEnd> all;
    private final Map<TimelineEnd, TimelineEnd> supersededBy = new HashMap<>();

    private Lines(List<TimelineEnd> all) {
        this.all = List.copyOf(all);
    }

    /**
     * The lines of an incarnation.
     *
     * @param ends of all incarnations
     * @param backups of the incarnation, in their order
     * @param fulls how many good full backups elsewhere end a line on which nothing is written any more
     */
    static Lines of(int incarnation, List<TimelineEnd> ends, List<Candidate> backups, int fulls, Instant now) {
        List<TimelineEnd> found = new ArrayList<>(
                ends.stream().filter(end -> end.incarnation() == incarnation).toList());
        for (Candidate backup : backups) {
            if (found.stream().noneMatch(end -> end.continues(backup))) {
                found.add(new TimelineEnd(incarnation, history(backup.timeline(), found), Optional.empty()));
            }
        }
        Lines lines = new Lines(found);
        for (TimelineEnd line : lines.all) {
            lines.all.stream()
                    .filter(other -> lines.mayBeLeft(line, backups, now) && supersedes(other, line, backups, fulls))
                    .findFirst()
                    .ifPresent(other -> lines.supersededBy.put(line, other));
        }
        return lines;
    }

    /** How a timeline came to be, as far as its descendants tell. */
    private static TimelineHistory history(int timeline, List<TimelineEnd> ends) {
        for (TimelineEnd end : ends) {
            List<TimelineHistory.Entry> entries = end.history().entries();
            for (int i = 0; i < entries.size(); i++) {
                if (entries.get(i).parentTimeline() == timeline) {
                    return new TimelineHistory(timeline, entries.subList(0, i));
                }
            }
        }
        return TimelineHistory.root(timeline);
    }

    /** Of a server that is idle nothing may come for days; what only its line keeps is not given up for that. */
    private boolean mayBeLeft(TimelineEnd line, List<Candidate> backups, Instant now) {
        boolean hasOwn = backups.stream()
                .anyMatch(backup -> line.continues(backup)
                        && all.stream().noneMatch(other -> !other.equals(line) && other.continues(backup)));
        return !hasOwn || line.isQuietSince(now.minus(QUIET));
    }

    /** A line that is written cannot be superseded: every full elsewhere began before its newest WAL came. */
    private static boolean supersedes(TimelineEnd other, TimelineEnd line, List<Candidate> backups, int fulls) {
        if (other.equals(line) || line.lastWritten().isEmpty()) {
            return false;
        }
        Instant left = line.lastWritten().get();
        return backups.stream()
                        .filter(backup -> backup.countsAsFull() && other.continues(backup) && !line.continues(backup))
                        .filter(backup -> backup.startTime().isAfter(left))
                        .count()
                >= fulls;
    }

    List<TimelineEnd> all() {
        return all;
    }

    /** Those on which production may go on. */
    List<TimelineEnd> living() {
        return all.stream().filter(line -> !supersededBy.containsKey(line)).toList();
    }

    boolean isOnLivingLine(Candidate backup) {
        return living().stream().anyMatch(line -> line.continues(backup));
    }

    /** The line that took the place of all those that the backup is on; empty when one of them lives. */
    Optional<TimelineEnd> successor(Candidate backup) {
        return isOnLivingLine(backup)
                ? Optional.empty()
                : all.stream()
                        .filter(line -> line.continues(backup))
                        .flatMap(line -> Optional.ofNullable(supersededBy.get(line)).stream())
                        .findFirst();
    }
}
