package io.pgbk.catalog.repository.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The state of one timeline's WAL in the archive.
 *
 * @param parent empty for a first timeline, or when its history is not archived
 * @param switchLsn where the parent was left; {@link Lsn#INVALID} for a first timeline
 * @param first first archived segment, empty when there is none
 * @param last last archived segment, empty when there is none
 * @param gaps missing segments between what must be there, ascending
 * @param removed segments between the first and the last that are missing because they were removed on purpose
 * @param leftOut other segments between them that are missing because a copy did not bring them
 */
public record WalTimeline(
        int timeline,
        OptionalInt parent,
        Lsn switchLsn,
        Optional<WalSegmentName> first,
        Optional<WalSegmentName> last,
        List<WalGap> gaps,
        List<WalGap> removed,
        List<WalGap> leftOut) {
    public WalTimeline {
        gaps = List.copyOf(gaps);
        removed = List.copyOf(removed);
        leftOut = List.copyOf(leftOut);
    }
}
