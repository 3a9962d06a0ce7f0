package io.pgbk.restore.plan;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.repository.wal.ListingDigest;
import io.pgbk.catalog.repository.wal.RollUpPlace;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one listing shows of a timeline: its segments as runs, and for each log with a roll-up a digest of what is listed
 * of it. Memory follows holes and logs (4 GiB of WAL each), not segments.
 *
 * @param rollUps by the middle eight digits of the names in them
 * @param digests of the logs that have a roll-up
 */
record TimelineListing(SegmentRuns segments, Map<Integer, RollUpPlace> rollUps, Map<Integer, Bytes> digests) {
    /** Reads a listing to its end. */
    static TimelineListing of(Iterator<WalObject> objects, List<RollUpPlace> rollUps, WalSegmentSize size) {
        Map<Integer, RollUpPlace> byLog = new HashMap<>();
        rollUps.forEach(place -> byLog.putIfAbsent(place.log(), place));
        Walk walk = new Walk(objects, byLog, size);
        SegmentRuns runs = SegmentRuns.of(walk);
        return new TimelineListing(runs, byLog, walk.digests);
    }

    Optional<RollUpPlace> rollUp(int log) {
        return Optional.ofNullable(rollUps.get(log));
    }

    /** The numbers of whole segments with PostgreSQL's own name; takes digests in passing. */
    private static final class Walk implements Iterator<Long> {
        private final Iterator<WalObject> objects;
        private final Map<Integer, RollUpPlace> rollUps;
        private final WalSegmentSize size;
        private final Map<Integer, Bytes> digests = new HashMap<>();
        private int log;
        private @Nullable ListingDigest digest;
        private long next = -1;

        Walk(Iterator<WalObject> objects, Map<Integer, RollUpPlace> rollUps, WalSegmentSize size) {
            this.objects = objects;
            this.rollUps = rollUps;
            this.size = size;
            advance();
        }

        private void advance() {
            next = -1;
            while (next < 0 && objects.hasNext()) {
                WalObject object = objects.next();
                if (object.name() instanceof WalFileName.Segment(WalSegmentName name) && name.isPossibleWith(size)) {
                    digest(object, name);
                    next = object.variant().isEmpty() ? name.number(size) : -1;
                }
            }
            if (next < 0) {
                finishDigest();
            }
        }

        private void digest(WalObject object, WalSegmentName name) {
            if (digest == null || name.log() != log) {
                finishDigest();
                log = name.log();
                digest = rollUps.containsKey(log) ? new ListingDigest() : null;
            }
            if (digest != null) {
                digest.add(name, object.variant(), object.storedBytes());
            }
        }

        private void finishDigest() {
            if (digest != null) {
                digests.put(log, digest.finish());
                digest = null;
            }
        }

        @Override
        public boolean hasNext() {
            return next >= 0;
        }

        @Override
        public Long next() {
            if (next < 0) {
                throw new NoSuchElementException();
            }
            long current = next;
            advance();
            return current;
        }
    }
}
