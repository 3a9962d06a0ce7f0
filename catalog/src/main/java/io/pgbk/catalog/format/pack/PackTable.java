package io.pgbk.catalog.format.pack;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The packs of one manifest: the parent's packs that it still uses and the ones being written, in the order of their
 * ordinals, by which extents name them. Safe for use by many threads.
 */
public final class PackTable {
    private final IntFunction<String> pathOfNew;
    private final List<@Nullable PackRef> packs = new ArrayList<>();
    private int created;

    /** @param pathOfNew gives the path of the k-th new pack, k from 0 */
    public PackTable(IntFunction<String> pathOfNew) {
        this.pathOfNew = pathOfNew;
    }

    /** Adds a pack that exists and returns its ordinal. */
    public synchronized int add(PackRef pack) {
        packs.add(pack);
        return packs.size() - 1;
    }

    /** Reserves ordinal and path for a new pack. */
    public synchronized Reservation reserve() {
        packs.add(null);
        return new Reservation(packs.size() - 1, pathOfNew.apply(created++));
    }

    /** Records that a reserved pack is complete and durable. */
    public synchronized void complete(int ordinal, PackRef pack) {
        if (packs.get(ordinal) != null) {
            throw new IllegalStateException("pack " + ordinal + " is complete already");
        }
        packs.set(ordinal, pack);
    }

    /**
     * All packs by ordinal.
     *
     * @throws IllegalStateException while a reserved pack is not complete
     */
    public synchronized List<PackRef> completed() {
        List<PackRef> all = new ArrayList<>(packs.size());
        for (PackRef pack : packs) {
            if (pack == null) {
                throw new IllegalStateException("pack " + all.size() + " is not complete");
            }
            all.add(pack);
        }
        return List.copyOf(all);
    }

    /**
     * A pack about to be written.
     *
     * @param ordinal its place in the table
     * @param path its key below the prefix
     */
    public record Reservation(int ordinal, String path) {}
}
