package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.retention.ExpirePlan.KeptWal;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.BitSet;
import java.util.List;

/** Which listed keys are meant by a plan. */
final class LockedKeys {
    private LockedKeys() {}

    /** Whether the key is a pack of one of these numbers. */
    static boolean isPack(String key, BitSet numbers) {
        return RepositoryLayout.parse(key) instanceof RepositoryObject.Pack pack && numbers.get(pack.number());
    }

    /** Whether the key is a history, or belongs to a segment with a byte of one of the ranges. */
    static boolean isNeededWal(String key, List<KeptWal> ranges, WalSegmentSize size) {
        return switch (RepositoryLayout.parse(key)) {
            case RepositoryObject.Wal wal ->
                switch (wal.name()) {
                    case WalFileName.History ignored -> true;
                    case WalFileName.Segment segment -> isIn(segment.name(), ranges, size);
                    case WalFileName.Partial partial -> isIn(partial.name(), ranges, size);
                    case WalFileName.BackupHistory backup -> isIn(backup.name(), ranges, size);
                };
            case RepositoryObject.WalEvent event -> isIn(event.name(), ranges, size);
            default -> false;
        };
    }

    private static boolean isIn(WalSegmentName name, List<KeptWal> ranges, WalSegmentSize size) {
        long number = name.number(size);
        return ranges.stream()
                .anyMatch(range -> range.timeline() == name.timeline()
                        && range.from().segmentNumber(size) <= number
                        && (range.to().isEmpty()
                                || number <= lastSegment(range.to().get(), size)));
    }

    /** The segment with the last byte before an end. */
    private static long lastSegment(Lsn end, WalSegmentSize size) {
        return end.equals(Lsn.INVALID) ? 0 : end.plus(-1).segmentNumber(size);
    }
}
