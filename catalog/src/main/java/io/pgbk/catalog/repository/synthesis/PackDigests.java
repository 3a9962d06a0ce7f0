package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PageDigests;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The page digests of the packs that are being read, those used last in memory: at most {@value #MOST_BYTES} bytes and
 * one pack. Safe for use by many threads.
 */
final class PackDigests {
    private static final long MOST_BYTES = 64L << 20;

    private final Map<String, PageDigests> known = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    /**
     * The digests of a pack, fetched if need be.
     *
     * @param reader the calling thread's
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING
     */
    PageDigests of(PackRef pack, PackReader reader) {
        PageDigests found = find(pack);
        if (found == null) {
            // Two threads may fetch one at the same time: rare, and cheaper than waiting for each other.
            found = reader.readPageDigests(pack);
            keep(pack, found);
        }
        return found;
    }

    private synchronized @Nullable PageDigests find(PackRef pack) {
        return known.get(pack.path());
    }

    private synchronized void keep(PackRef pack, PageDigests digests) {
        PageDigests before = known.put(pack.path(), digests);
        bytes += digests.memoryBytes() - (before == null ? 0 : before.memoryBytes());
        var oldest = known.entrySet().iterator();
        while (bytes > MOST_BYTES && known.size() > 1) {
            bytes -= oldest.next().getValue().memoryBytes();
            oldest.remove();
        }
    }
}
