package io.pgbk.catalog.repository.retention;

import io.pgbk.postgres.TimelineHistory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
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
    private final List<Candidate> backups;
    /** Of each line, by place, the backups from which replay reaches its end, by place. */
    private final List<BitSet> reaching = new ArrayList<>();

    private final Map<TimelineEnd, TimelineEnd> supersededBy = new HashMap<>();

    private Lines(List<TimelineEnd> all, List<Candidate> backups) {
        this.all = List.copyOf(all);
        this.backups = List.copyOf(backups);
        for (TimelineEnd line : this.all) {
            BitSet places = new BitSet();
            for (int place = 0; place < this.backups.size(); place++) {
                places.set(place, line.continues(this.backups.get(place)));
            }
            reaching.add(places);
        }
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
        Lines lines = new Lines(found, backups);
        for (int line = 0; line < found.size(); line++) {
            lines.findSuccessor(line, fulls, now);
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

    private void findSuccessor(int line, int fulls, Instant now) {
        Optional<Instant> left = all.get(line).lastWritten();
        if (left.isEmpty() || (hasOwn(line) && !all.get(line).isQuietSince(now.minus(QUIET)))) {
            return;
        }
        // A line that is written has none: every full elsewhere began before its newest WAL came.
        BitSet newer = new BitSet();
        for (int place = 0; place < backups.size(); place++) {
            Candidate backup = backups.get(place);
            newer.set(
                    place,
                    backup.countsAsFull()
                            && backup.startTime().isAfter(left.get())
                            && !reaching.get(line).get(place));
        }
        for (int other = 0; other < all.size(); other++) {
            BitSet there = (BitSet) newer.clone();
            there.and(reaching.get(other));
            if (other != line && there.cardinality() >= fulls) {
                supersededBy.put(all.get(line), all.get(other));
                return;
            }
        }
    }

    /** Of a server that is idle nothing may come for days; what only its line keeps is not given up for that. */
    private boolean hasOwn(int line) {
        BitSet own = (BitSet) reaching.get(line).clone();
        for (int other = 0; other < all.size(); other++) {
            if (other != line) {
                own.andNot(reaching.get(other));
            }
        }
        return !own.isEmpty();
    }

    List<TimelineEnd> all() {
        return all;
    }

    /** Those on which production may go on. */
    List<TimelineEnd> living() {
        return all.stream().filter(line -> !supersededBy.containsKey(line)).toList();
    }

    /** The line that took the place of all those that the backup is on; empty when one of them lives. */
    Optional<TimelineEnd> successor(Candidate backup) {
        List<TimelineEnd> on =
                all.stream().filter(line -> line.continues(backup)).toList();
        return supersededBy.keySet().containsAll(on)
                ? on.stream().map(supersededBy::get).findFirst()
                : Optional.empty();
    }
}
