package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What would go if just one backup went. Takes two bits of memory for each pack. */
final class UniqueBytes {
    private UniqueBytes() {}

    /** Stored bytes in packs that no other of these backups uses. */
    static Map<Label, Long> of(List<BackupRecord> backups) {
        Map<NumberRange, BitSet> used = new HashMap<>();
        Map<NumberRange, BitSet> shared = new HashMap<>();
        for (BackupRecord backup : backups) {
            for (PackUse pack : backup.packs()) {
                NumberRange range = NumberRange.of(pack);
                BitSet known = used.computeIfAbsent(range, ignored -> new BitSet());
                if (known.get(range.bit(pack))) {
                    shared.computeIfAbsent(range, ignored -> new BitSet()).set(range.bit(pack));
                }
                known.set(range.bit(pack));
            }
        }
        Map<Label, Long> unique = new HashMap<>();
        for (BackupRecord backup : backups) {
            long bytes = 0;
            for (PackUse pack : backup.packs()) {
                NumberRange range = NumberRange.of(pack);
                BitSet more = shared.get(range);
                bytes += more != null && more.get(range.bit(pack)) ? 0 : pack.storedBytes();
            }
            unique.put(backup.label(), bytes);
        }
        return unique;
    }

    /** A few thousand packs of one backup: a bit for each of them takes less memory than its name. */
    private record NumberRange(Label label, int range) {
        private static final int BITS = 12;

        static NumberRange of(PackUse pack) {
            return new NumberRange(pack.label(), pack.number() >> BITS);
        }

        int bit(PackUse pack) {
            return pack.number() & ((1 << BITS) - 1);
        }
    }
}
