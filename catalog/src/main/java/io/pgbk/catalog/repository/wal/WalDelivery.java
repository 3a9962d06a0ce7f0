package io.pgbk.catalog.repository.wal;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Which of several files of one name is delivered: the one that a person chose, else the one whose records reach furthest. */
final class WalDelivery {
    /** How far a file's records reach; of two that end at the same record the complete one reaches further. */
    private record Reach(Lsn lastRecordEnd, boolean complete) implements Comparable<Reach> {
        static final Reach UNKNOWN = new Reach(Lsn.INVALID, false);

        @Override
        public int compareTo(Reach other) {
            return Comparator.comparing(Reach::lastRecordEnd)
                    .thenComparing(Reach::complete)
                    .compare(this, other);
        }
    }

    private final WalFiles files;
    private final WalNameEvents events;

    WalDelivery(WalFiles files, WalNameEvents events) {
        this.files = files;
        this.events = events;
    }

    /** Of all variants of a name; empty when there is none. */
    Optional<WalObject> choose(WalFileName name, List<WalObject> variants) {
        if (variants.size() < 2) {
            return variants.stream().findFirst();
        }
        return switch (name) {
            case WalFileName.Segment segment ->
                Optional.of(chosen(segment.name(), variants).orElseGet(() -> longest(variants)));
            case WalFileName.Partial ignored -> Optional.of(longest(variants));
            case WalFileName.BackupHistory ignored -> Optional.of(variants.getFirst());
            case WalFileName.History ignored -> Optional.of(variants.getFirst());
        };
    }

    private Optional<WalObject> chosen(WalSegmentName name, List<WalObject> variants) {
        return events.chosen(name)
                .map(variant -> variants.stream()
                        .filter(object -> object.variant().equals(variant))
                        .findFirst()
                        .orElseThrow(() -> new PgbkException(
                                ErrorCode.OBJECT_MISSING,
                                "variant \"" + variant + "\" of " + name
                                        + ", which was chosen to be delivered, is gone",
                                "`pgbk wal show` lists what is there, `pgbk wal resolve` chooses again.")));
    }

    private WalObject longest(List<WalObject> variants) {
        WalObject longest = variants.getFirst();
        Reach furthest = reach(longest);
        for (WalObject object : variants.subList(1, variants.size())) {
            Reach reach = reach(object);
            if (reach.compareTo(furthest) > 0) {
                longest = object;
                furthest = reach;
            }
        }
        return longest;
    }

    private Reach reach(WalObject object) {
        return files.index(object)
                .filter(WalSegmentIndex::isIndexed)
                .flatMap(index -> index.lastRecordEndLsn()
                        .map(end -> new Reach(
                                end,
                                switch (index.ending()) {
                                    case FULL, SWITCHED -> true;
                                    case INCOMPLETE, UNKNOWN -> false;
                                })))
                .orElse(Reach.UNKNOWN);
    }
}
