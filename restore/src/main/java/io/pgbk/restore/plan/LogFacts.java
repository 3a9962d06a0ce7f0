package io.pgbk.restore.plan;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.repository.wal.RollUpPlace;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalLog;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalRollUp;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.SegmentOutline;
import io.pgbk.task.TaskMonitor;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of one log's segments without reading their objects.
 *
 * @param outlines by name, of those that the roll-up tells of
 * @param listing what is listed of the log, where it had to be listed
 */
record LogFacts(Map<WalSegmentName, SegmentOutline> outlines, Optional<WalLog> listing) {
    /** Reads the roll-up when there is one; what is wrong with it costs time, never an answer. */
    static LogFacts read(WalArchive archive, TimelineListing timeline, int number, int log, TaskMonitor monitor) {
        Optional<WalRollUp> rollUp = timeline.rollUp(log).flatMap(place -> rollUp(archive, place, monitor));
        Optional<Bytes> listed = Optional.ofNullable(timeline.digests().get(log));
        if (rollUp.isPresent() && listed.equals(Optional.of(rollUp.get().listingDigest()))) {
            return new LogFacts(rollUp.get().outlines(), Optional.empty());
        }
        WalLog listing = archive.log(number, log);
        return new LogFacts(rollUp.map(found -> found.outlines(listing)).orElseGet(Map::of), Optional.of(listing));
    }

    private static Optional<WalRollUp> rollUp(WalArchive archive, RollUpPlace place, TaskMonitor monitor) {
        try {
            return Optional.of(archive.rollUps().read(place));
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.INTERRUPTED || e.code() == ErrorCode.REPOSITORY_UNREACHABLE) {
                throw e;
            }
            if (e.code() != ErrorCode.OBJECT_MISSING) {
                monitor.warn("a roll-up of WAL indexes is passed over, which takes more time only: " + e.getMessage());
            }
            return Optional.empty();
        }
    }

    /** The object that is read for a segment when the listing shows exactly one. */
    Optional<WalObject> only(WalSegmentName name) {
        return listing.flatMap(log -> log.only(name));
    }
}
