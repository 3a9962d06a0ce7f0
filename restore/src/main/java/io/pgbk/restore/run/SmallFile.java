package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.util.List;

/** Reads one small file of a backup into memory. */
final class SmallFile {
    private static final int MAX_BYTES = 1 << 20;

    private final Batch.Context context;

    SmallFile(Batch.Context context) {
        this.context = context;
    }

    /** @throws PgbkException OBJECT_DAMAGED when it is no small file, or differs from its digests */
    byte[] read(FileEntry entry, String path) throws IOException {
        if (entry.size() > MAX_BYTES) {
            throw damaged(path, "has " + entry.size() + " bytes");
        }
        byte[] content = new byte[(int) entry.size()];
        int offset = 0;
        try (PackReader reader = new PackReader(context.store(), context.keys())) {
            for (Extent extent : entry.extents()) {
                int at = offset;
                if (extent.length() > content.length - at) {
                    throw damaged(path, "has more content than bytes");
                }
                if (extent instanceof Extent.Stored stored) {
                    if (stored.frame().pack() >= context.packs().size()) {
                        throw damaged(path, "names a pack that the manifest does not list");
                    }
                    reader.read(
                            context.packs().get(stored.frame().pack()),
                            List.of(stored.frame()),
                            (frame, raw) -> System.arraycopy(raw, stored.offsetInFrame(), content, at, stored.bytes()));
                }
                offset += (int) extent.length();
            }
        }
        int windows = (content.length + Slice.WINDOW_BYTES - 1) / Slice.WINDOW_BYTES;
        if (windows != entry.windows().count()) {
            throw damaged(path, "has " + entry.windows().count() + " digests for " + content.length + " bytes");
        }
        for (int window = 0; window < windows; window++) {
            int start = window * Slice.WINDOW_BYTES;
            int length = Math.min(Slice.WINDOW_BYTES, content.length - start);
            if (!entry.windows().matches(window, content, start, length)) {
                throw damaged(path, "differs from what was read when the backup was taken");
            }
        }
        return content;
    }

    private PgbkException damaged(String path, String why) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "file " + path + " of backup " + context.label() + " " + why,
                "Restore another backup; `pgbk verify` tells which are sound.");
    }
}
