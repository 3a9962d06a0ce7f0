package io.pgbk.catalog.repository.check;

import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.SampleArc;
import java.util.Set;

/**
 * Which packs and WAL files a check reads.
 *
 * @param always packs that are read in any case: those found damaged before, so that a sample that lies elsewhere does
 *     not declare them sound
 */
public record Sample(SampleArc arc, Set<PackId> always) {
    /** Everything is read. */
    public static final Sample ALL = new Sample(SampleArc.WHOLE, Set.of());

    public Sample {
        always = Set.copyOf(always);
    }
}
