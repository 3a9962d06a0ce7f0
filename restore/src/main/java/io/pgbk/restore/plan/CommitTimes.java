package io.pgbk.restore.plan;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** What the archived WAL says about times: of backups and of stretches of a timeline. Remembers its answers. */
final class CommitTimes {
    /** How far it looks back or ahead for a transaction before it gives up. */
    private static final int PATIENCE_SEGMENTS = 64;

    private final WalView wal;
    private final Map<String, Instant> reachableFrom = new HashMap<>();

    CommitTimes(WalView wal) {
        this.wal = wal;
    }

    /** A span of time; both ends belong to it. */
    record Span(Instant from, Instant to) {
        boolean contains(Instant time) {
            return !time.isBefore(from) && !time.isAfter(to);
        }
    }

    /**
     * The earliest target time for which a backup can be taken: the highest time at which a transaction ended before the
     * backup's data was consistent, or the backup's own end where the WAL does not say.
     */
    Instant reachableFrom(BackupCandidate backup) {
        return reachableFrom.computeIfAbsent(backup.label(), label -> computeReachableFrom(backup));
    }

    private Instant computeReachableFrom(BackupCandidate backup) {
        long startNumber = backup.startLsn().segmentNumber(wal.segmentSize());
        // The byte before the end: an end at a border needs nothing of the next segment.
        long stopNumber = backup.stopLsn().plus(-1).segmentNumber(wal.segmentSize());
        SegmentRuns present = wal.segments(backup.timeline());
        Optional<Instant> highest = Optional.empty();
        for (long number = stopNumber;
                number >= 0 && number > startNumber - PATIENCE_SEGMENTS && (number >= startNumber || highest.isEmpty());
                number--) {
            SegmentFacts facts = present.contains(number) ? wal.facts(backup.timeline(), number) : SegmentFacts.UNKNOWN;
            if (!facts.known()) {
                return number >= startNumber ? backup.stopTime() : highest.orElse(backup.stopTime());
            }
            Optional<Instant> here = number == stopNumber ? upToStop(facts, backup) : facts.highestCommitTime();
            highest = latest(highest, here);
        }
        return highest.orElse(backup.stopTime());
    }

    /** Times are kept per granule: where the stop falls inside one, the backup's clock decides about its later part. */
    private static Optional<Instant> upToStop(SegmentFacts facts, BackupCandidate backup) {
        Optional<Instant> roundedUp = facts.highestCommitTimeUpTo(backup.stopLsn());
        Optional<Instant> roundedDown = facts.highestCommitTimeUpTo(granuleFloor(backup.stopLsn()));
        if (roundedUp.isEmpty() || roundedUp.equals(roundedDown)) {
            return roundedUp;
        }
        Instant certain =
                roundedDown.filter(time -> time.isAfter(backup.stopTime())).orElse(backup.stopTime());
        return Optional.of(certain.isBefore(roundedUp.get()) ? certain : roundedUp.get());
    }

    /** When a timeline lived, as far as its own archived WAL says; empty when it does not say. */
    Optional<Span> lifeOf(int timeline) {
        SegmentRuns present = wal.segments(timeline);
        if (present.isEmpty()) {
            return Optional.empty();
        }
        long last = present.last().getAsLong();
        Optional<Instant> end = Optional.empty();
        for (long number = last; end.isEmpty() && number >= 0 && number > last - PATIENCE_SEGMENTS; number--) {
            if (present.contains(number)) {
                end = newestMoment(wal.facts(timeline, number));
            }
        }
        return end.map(to -> new Span(beginningOf(timeline), to));
    }

    /** When a line's ancestor lived, up to the point where the line left it. */
    Optional<Span> lifeOf(TimelineHistory.Range range) {
        if (range.to().isEmpty()) {
            return lifeOf(range.timeline());
        }
        Lsn end = granuleFloor(range.to().get());
        long last = end.segmentNumber(wal.segmentSize());
        SegmentRuns present = wal.segments(range.timeline());
        Optional<Instant> to = Optional.empty();
        for (long number = last; to.isEmpty() && number >= 0 && number > last - PATIENCE_SEGMENTS; number--) {
            if (present.contains(number)) {
                SegmentFacts facts = wal.facts(range.timeline(), number);
                to = number == last ? facts.highestCommitTimeUpTo(end) : facts.highestCommitTime();
            }
        }
        return to.map(time -> new Span(beginningOf(range.timeline()), time));
    }

    /** When a timeline began: its first checkpoint's time, else the first transaction's. */
    Instant beginningOf(int timeline) {
        Lsn start =
                wal.timelines().history(timeline).map(TimelineHistory::startLsn).orElse(Lsn.INVALID);
        OptionalLong first = wal.segments(timeline).first();
        if (!start.isValid() || first.isEmpty()) {
            return Instant.MIN;
        }
        Optional<Instant> fallback = Optional.empty();
        for (long number = first.getAsLong(); number < first.getAsLong() + PATIENCE_SEGMENTS; number++) {
            if (!wal.segments(timeline).contains(number)) {
                break;
            }
            SegmentFacts facts = wal.facts(timeline, number);
            Optional<Instant> checkpoint = facts.checkpoints().stream()
                    .filter(seen -> !seen.lsn().isBefore(start) && seen.timeline() == timeline)
                    .map(WalEvents.CheckpointSeen::time)
                    .findFirst();
            if (checkpoint.isPresent()) {
                return fallback.filter(time -> time.isBefore(checkpoint.get())).orElse(checkpoint.get());
            }
            if (fallback.isEmpty() && number > start.segmentNumber(wal.segmentSize())) {
                fallback = facts.highestCommitTime();
            }
        }
        return fallback.orElse(Instant.MIN);
    }

    /** The newest moment that a segment proves to have been archived: a transaction's end or a checkpoint. */
    static Optional<Instant> newestMoment(SegmentFacts facts) {
        return Stream.concat(
                        facts.highestCommitTime().stream(),
                        facts.checkpoints().stream().map(WalEvents.CheckpointSeen::time))
                .max(Instant::compareTo);
    }

    static Optional<Instant> latest(Optional<Instant> left, Optional<Instant> right) {
        return Stream.concat(left.stream(), right.stream()).max(Instant::compareTo);
    }

    /** The beginning of the piece of a segment whose times are known together. */
    static Lsn granuleFloor(Lsn lsn) {
        return new Lsn(lsn.value() & -(long) WalSegmentIndex.GRANULE_BYTES);
    }
}
