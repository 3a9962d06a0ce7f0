package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the WAL of one repository lacks of another's and has not removed on purpose.
 *
 * @param timelines those of which something is missing, oldest incarnation first
 * @param since when the oldest of the missing segments was archived in the other repository; empty when none is missing,
 *     or it is gone there by now
 */
public record WalLag(List<TimelineLag> timelines, Optional<Instant> since) {
    public WalLag {
        timelines = List.copyOf(timelines);
    }

    /**
     * One timeline.
     *
     * @param incarnation its number in the repository that has it
     * @param missing numbers of segments
     * @param history whether the timeline's history is missing
     */
    public record TimelineLag(
            int incarnation, int timeline, WalSegmentSize size, SegmentSpans missing, boolean history) {
        /** The missing segments as ranges of names, ascending. */
        public List<WalGap> gaps() {
            return missing.spans().stream()
                    .map(span -> new WalGap(nameOf(span.first()), nameOf(span.last())))
                    .toList();
        }

        private TimelineLag without(SegmentSpans removed) {
            return new TimelineLag(incarnation, timeline, size, missing.minus(removed), history);
        }

        private WalSegmentName nameOf(long number) {
            return WalSegmentName.ofNumber(timeline, number, size);
        }
    }

    /** Missing segments. */
    public long segments() {
        return timelines.stream().mapToLong(lag -> lag.missing().count()).sum();
    }

    /** Their raw bytes. */
    public long bytes() {
        return timelines.stream()
                .mapToLong(lag -> lag.missing().count() * lag.size().bytes())
                .sum();
    }

    /** Missing history files. */
    public long histories() {
        return timelines.stream().filter(TimelineLag::history).count();
    }

    /** Whether nothing is missing. */
    public boolean isEmpty() {
        return timelines.isEmpty();
    }

    /** The first missing segment of the oldest timeline. */
    public Optional<WalSegmentName> first() {
        return timelines.stream()
                .flatMap(lag -> lag.gaps().stream().limit(1))
                .map(WalGap::from)
                .findFirst();
    }

    /**
     * Compares two repositories: lists the WAL of both, and reads the first missing segment's facts of each timeline.
     *
     * @param from the one that has it
     * @param to the one that may lack some of it, or the whole cluster
     */
    public static WalLag between(ClusterCatalog from, ClusterCatalog to) {
        List<TimelineLag> lags = new ArrayList<>();
        Optional<Instant> since = Optional.empty();
        List<Incarnation> there = to.incarnations();
        for (Incarnation incarnation : from.incarnations()) {
            WalArchive source = from.wal(incarnation);
            Optional<WalArchive> target = there.stream()
                    .filter(other -> other.identity().equals(incarnation.identity()))
                    .findFirst()
                    .map(to::wal);
            List<TimelineLag> absent = new ArrayList<>();
            for (int timeline : source.timelineTree().timelines()) {
                absent.add(absent(source, target, timeline));
            }
            // Behind the listings: who removes WAL says so before, so what has gone meanwhile is known here.
            TrimmedWal trimmed =
                    target.map(archive -> archive.trimming().read()).orElse(TrimmedWal.NOTHING);
            for (TimelineLag all : absent) {
                TimelineLag lag = all.without(trimmed.removed(all.timeline()));
                if (lag.history() || !lag.missing().isEmpty()) {
                    lags.add(lag);
                    since = earlier(since, firstArchived(source, lag));
                }
            }
        }
        return new WalLag(lags, since);
    }

    /** What the target does not have, removed on purpose or not. */
    private static TimelineLag absent(WalArchive source, Optional<WalArchive> target, int timeline) {
        WalSegmentSize size = source.incarnation().segmentSize();
        SegmentSpans missing = source.present(timeline);
        boolean history =
                timeline != 1 && source.find(new WalFileName.History(timeline)).isPresent();
        if (target.isPresent()) {
            WalArchive there = target.get();
            missing = missing.minus(there.present(timeline));
            history = history && there.find(new WalFileName.History(timeline)).isEmpty();
        }
        return new TimelineLag(source.incarnation().number(), timeline, size, missing, history);
    }

    private static Optional<Instant> firstArchived(WalArchive source, TimelineLag lag) {
        if (lag.missing().isEmpty()) {
            return Optional.empty();
        }
        try {
            Optional<WalObject> first =
                    source.find(new WalFileName.Segment(lag.gaps().getFirst().from()));
            return first.map(object -> source.readInfo(object).archived());
        } catch (ObjectMissingException e) {
            return Optional.empty();
        }
    }

    private static Optional<Instant> earlier(Optional<Instant> one, Optional<Instant> other) {
        return one.isPresent() && (other.isEmpty() || one.get().isBefore(other.get())) ? one : other;
    }
}
