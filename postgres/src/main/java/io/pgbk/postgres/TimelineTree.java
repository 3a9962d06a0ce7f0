package io.pgbk.postgres;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All timelines of one cluster and how they descend from each other, computed from every history in an archive and the
 * timelines that were seen without one.
 */
public final class TimelineTree {
    private final NavigableMap<Integer, TimelineHistory> byTimeline;

    private TimelineTree(NavigableMap<Integer, TimelineHistory> byTimeline) {
        this.byTimeline = byTimeline;
    }

    /**
     * Builds the tree.
     *
     * @param histories every known history, in any order
     * @param timelines timelines that exist (have WAL or are a server's current one); those without a history of their
     *     own are ancestors in other histories, or first timelines
     * @throws PgbkException with code TIMELINE_CONFLICT when two histories disagree on how a timeline came to be
     */
    public static TimelineTree of(Collection<TimelineHistory> histories, Collection<Integer> timelines) {
        NavigableMap<Integer, TimelineHistory> map = new TreeMap<>(Integer::compareUnsigned);
        histories.stream()
                .sorted(Comparator.comparing(TimelineHistory::timeline, Integer::compareUnsigned))
                .forEach(history -> {
                    for (int i = 0; i < history.entries().size(); i++) {
                        int ancestor = history.entries().get(i).parentTimeline();
                        put(map, new TimelineHistory(ancestor, history.entries().subList(0, i)), history.timeline());
                    }
                    put(map, history, history.timeline());
                });
        for (Integer timeline : timelines) {
            map.putIfAbsent(timeline, TimelineHistory.root(timeline));
        }
        return new TimelineTree(map);
    }

    private static void put(NavigableMap<Integer, TimelineHistory> map, TimelineHistory history, int source) {
        TimelineHistory known = map.putIfAbsent(history.timeline(), history);
        if (known != null && !sameWay(known, history)) {
            throw new PgbkException(
                    ErrorCode.TIMELINE_CONFLICT,
                    "two histories disagree on timeline " + Integer.toUnsignedString(history.timeline()) + ": "
                            + describe(known) + ", but timeline " + Integer.toUnsignedString(source) + " says "
                            + describe(history),
                    "Two servers were promoted to the same timeline; decide which one continues and give the other"
                            + " one a repository or cluster name of its own.");
        }
    }

    private static boolean sameWay(TimelineHistory left, TimelineHistory right) {
        return left.ranges().equals(right.ranges());
    }

    private static String describe(TimelineHistory history) {
        return history.entries().isEmpty()
                ? "it has no parent"
                : "it left timeline "
                        + Integer.toUnsignedString(history.entries().getLast().parentTimeline()) + " at "
                        + history.startLsn();
    }

    /** Every timeline, from the oldest number to the newest. */
    public List<Integer> timelines() {
        return List.copyOf(byTimeline.keySet());
    }

    /** How a timeline came to be; empty when the tree does not know it. */
    public Optional<TimelineHistory> history(int timeline) {
        return Optional.ofNullable(byTimeline.get(timeline));
    }

    /** The timeline with the highest number: what {@code recovery_target_timeline = latest} would end on. */
    public Optional<Integer> newest() {
        return byTimeline.isEmpty() ? Optional.empty() : Optional.of(byTimeline.lastKey());
    }

    /** The timelines that branched off directly from this one, oldest first. */
    public List<TimelineHistory> branches(int timeline) {
        return byTimeline.values().stream()
                .filter(history ->
                        history.parent().isPresent() && history.parent().getAsInt() == timeline)
                .toList();
    }

    /** Timelines from which no other branched off. */
    public List<TimelineHistory> leaves() {
        return byTimeline.values().stream()
                .filter(history -> branches(history.timeline()).isEmpty())
                .toList();
    }

    /** The ancestors of a timeline with itself, oldest first, each with the piece of log that counts. */
    public List<TimelineHistory.Range> path(int timeline) {
        return history(timeline).map(TimelineHistory::ranges).orElseGet(List::of);
    }

    /** Timelines whose past or present includes the byte at {@code lsn} as {@code timeline} wrote it. */
    public List<Integer> timelinesContaining(int timeline, Lsn lsn) {
        return byTimeline.values().stream()
                .filter(history -> history.contains(timeline, lsn))
                .map(TimelineHistory::timeline)
                .toList();
    }

    /** Whether {@code ancestor} is {@code timeline} or an ancestor of it. */
    public boolean isOnPath(int ancestor, int timeline) {
        TimelineHistory history = byTimeline.get(timeline);
        return history != null && history.includes(ancestor);
    }

    /** The first address at which two timelines differ; empty when they share nothing or are the same. */
    public Optional<Lsn> forkOf(int left, int right) {
        TimelineHistory a = byTimeline.get(left);
        TimelineHistory b = byTimeline.get(right);
        if (a == null || b == null || left == right) {
            return Optional.empty();
        }
        Optional<Lsn> fork = Optional.empty();
        List<TimelineHistory.Range> ours = a.ranges();
        List<TimelineHistory.Range> theirs = b.ranges();
        for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
            TimelineHistory.Range mine = ours.get(i);
            TimelineHistory.Range other = theirs.get(i);
            if (mine.timeline() != other.timeline() || !mine.from().equals(other.from())) {
                break;
            }
            fork = earliest(mine.to(), other.to());
            if (!Objects.equals(mine.to(), other.to())) {
                break;
            }
        }
        return fork;
    }

    private static Optional<Lsn> earliest(Optional<Lsn> left, Optional<Lsn> right) {
        if (left.isEmpty()) {
            return right;
        }
        return right.isEmpty() ? left : Optional.of(Lsn.min(left.get(), right.get()));
    }
}
