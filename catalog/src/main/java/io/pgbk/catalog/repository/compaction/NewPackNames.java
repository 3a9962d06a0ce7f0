package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * Names for packs that a compaction adds to a label. Uploads overwrite what has their name, so the numbers begin at a
 * random place where the label has none: a compaction that lost its lease without knowing it writes elsewhere, and one in a
 * copy of the repository, where the same label may have been compacted too, gives the same names to other packs once in a
 * million times (a copy of what is built on them would then be refused, when lengths or frames are seen to differ).
 */
final class NewPackNames {
    private static final int RANGE = 100;
    private static final int FIRST_RANGE = RepositoryLayout.FIRST_ADDED_PACK / RANGE;

    private static final int RANGES = (RepositoryLayout.MAX_NUMBER + 1) / RANGE;

    private final Repository repository;
    private final ClusterName cluster;
    private final Map<Label, Integer> next = new HashMap<>();

    NewPackNames(Repository repository, ClusterName cluster) {
        this.repository = repository;
        this.cluster = cluster;
    }

    String next(Label label) {
        int number = next.computeIfAbsent(label, this::freeRange);
        if (number % RANGE == RANGE - 1) {
            next.remove(label);
        } else {
            next.put(label, number + 1);
        }
        return RepositoryLayout.pack(cluster, label, number);
    }

    private int freeRange(Label label) {
        BitSet taken = new BitSet(RANGES);
        Iterator<ObjectInfo> objects = repository.store().list(RepositoryLayout.packFolder(cluster, label), "");
        while (objects.hasNext()) {
            if (RepositoryLayout.parse(objects.next().key()) instanceof RepositoryObject.Pack pack) {
                taken.set(pack.number() / RANGE);
            }
        }
        int begin = FIRST_RANGE + repository.runtime().random().nextInt(RANGES - FIRST_RANGE);
        for (int i = 0; i < RANGES - FIRST_RANGE; i++) {
            int range = FIRST_RANGE + (begin - FIRST_RANGE + i) % (RANGES - FIRST_RANGE);
            if (!taken.get(range)) {
                return range * RANGE;
            }
        }
        throw new PgbkException(ErrorCode.INTERNAL, "backup " + label + " has packs under all numbers");
    }
}
