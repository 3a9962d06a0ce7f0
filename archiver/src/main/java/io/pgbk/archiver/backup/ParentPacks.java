package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/**
 * The packs of the parent, from which unchanged content is taken over: which of them may be used, which page has which
 * digest, and how much of them the new backup uses. Safe for use by many threads.
 *
 * <p>Memory: {@link #DIGEST_BYTES} of page digests, those used longest ago go first; and one bit for each frame that is
 * used, at most 256 bytes a pack.
 */
final class ParentPacks {
    /** Page digests kept in memory: those of some 64 GiB of relations. */
    static final long DIGEST_BYTES = 64L << 20;

    private static final int LOCKS = 64;

    private final List<PackRef> refs;
    private final BitSet usable;
    private final PackTable table;
    private final PackTails tails;
    private final TaskMonitor monitor;
    private final Object[] fetching =
            IntStream.range(0, LOCKS).mapToObj(ignored -> new Object()).toArray();
    private final Map<Integer, PageDigests> digests = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Integer, Use> byParentOrdinal = new HashMap<>();
    private final Map<Integer, Use> byOrdinal = new HashMap<>();
    private final LongAdder cached = new LongAdder();
    private final LongAdder fetched = new LongAdder();
    private long digestBytes;

    /** A pack that the new backup uses. */
    private static final class Use {
        private final int ordinal;
        private final BitSet frames = new BitSet();
        private long storedBytes;

        Use(int ordinal) {
            this.ordinal = ordinal;
        }
    }

    /**
     * The packs of a manifest.
     *
     * @param refs the parent's, by its ordinals
     * @param usable the ordinals of those that are there, whole as far as is known; taken over
     * @param table the new backup's packs
     * @param tails what this host has kept of packs' indexes
     */
    ParentPacks(List<PackRef> refs, BitSet usable, PackTable table, PackTails tails, TaskMonitor monitor) {
        this.refs = refs;
        this.usable = usable;
        this.table = table;
        this.tails = tails;
        this.monitor = monitor;
    }

    /** Whether the bytes may be taken over. */
    synchronized boolean isUsable(Extent extent) {
        return switch (extent) {
            case Extent.Zeros _ -> true;
            case Extent.Stored(Extent.Frame frame, int _, int _) -> {
                PackRef pack = refs.get(frame.pack());
                yield usable.get(frame.pack())
                        && frame.number() < pack.frames()
                        && frame.storedLength() <= pack.length() - frame.storedOffset();
            }
        };
    }

    /** Takes bytes over: the extent as the new manifest names it. */
    synchronized Extent take(Extent extent) {
        return switch (extent) {
            case Extent.Zeros zeros -> zeros;
            case Extent.Stored(Extent.Frame frame, int offsetInFrame, int bytes) -> {
                Use use = byParentOrdinal.computeIfAbsent(frame.pack(), this::use);
                if (!use.frames.get(frame.number())) {
                    use.frames.set(frame.number());
                    use.storedBytes += frame.storedLength();
                }
                Extent.Frame renamed = new Extent.Frame(
                        use.ordinal, frame.number(), frame.storedOffset(), frame.storedLength(), frame.rawLength());
                yield new Extent.Stored(renamed, offsetInFrame, bytes);
            }
        };
    }

    private Use use(int parentOrdinal) {
        Use use = new Use(table.add(refs.get(parentOrdinal)));
        byOrdinal.put(use.ordinal, use);
        return use;
    }

    /**
     * Stored bytes of the frames that were taken over out of a pack.
     *
     * @param ordinal in the new backup's table
     * @throws IllegalArgumentException when the pack is not one of the parent's
     */
    synchronized long usedBytes(int ordinal) {
        Use use = byOrdinal.get(ordinal);
        if (use == null) {
            throw new IllegalArgumentException("pack " + ordinal + " is not the parent's");
        }
        return use.storedBytes;
    }

    /**
     * The page digests of a pack, from this host or fetched if need be. A pack whose index cannot be read is used no more.
     *
     * @param pack the parent's ordinal
     * @param reader the calling thread's
     */
    Optional<PageDigests> digests(int pack, PackReader reader) {
        synchronized (fetching[pack % LOCKS]) {
            Optional<PageDigests> known = known(pack);
            if (known.isPresent() || !isUsable(pack)) {
                return known;
            }
            try {
                PageDigests read = read(refs.get(pack), reader);
                keep(pack, read);
                return Optional.of(read);
            } catch (PgbkException e) {
                if (e.code() != ErrorCode.OBJECT_DAMAGED && e.code() != ErrorCode.OBJECT_MISSING) {
                    throw e;
                }
                monitor.warn("nothing more is taken over from a pack of an earlier backup: " + e.getMessage());
                distrust(pack);
                return Optional.empty();
            }
        }
    }

    private PageDigests read(PackRef pack, PackReader reader) {
        Optional<PageDigests> kept = reader.keptPageDigests(pack, tails);
        if (kept.isPresent()) {
            cached.increment();
            return kept.get();
        }
        fetched.increment();
        return reader.readPageDigests(pack, tails);
    }

    /** How often a pack's index was found on this host. */
    long cachedIndexes() {
        return cached.sum();
    }

    /** How often the store was asked for a pack's index. */
    long fetchedIndexes() {
        return fetched.sum();
    }

    private synchronized Optional<PageDigests> known(int pack) {
        return Optional.ofNullable(digests.get(pack));
    }

    private synchronized boolean isUsable(int pack) {
        return usable.get(pack);
    }

    private synchronized void distrust(int pack) {
        usable.clear(pack);
    }

    private synchronized void keep(int pack, PageDigests read) {
        digests.put(pack, read);
        digestBytes += read.memoryBytes();
        var oldest = digests.entrySet().iterator();
        while (digestBytes > DIGEST_BYTES && digests.size() > 1) {
            digestBytes -= oldest.next().getValue().memoryBytes();
            oldest.remove();
        }
    }
}
