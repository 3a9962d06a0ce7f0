package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.store.ObjectStore;
import java.io.IOException;
import java.util.List;

/** Reads a file back from its extents and proves its digests. */
final class StoredContent {
    private StoredContent() {}

    static byte[] read(FileEntry entry, List<PackRef> packs, ObjectStore store, KeyRing ring) throws IOException {
        byte[] content = new byte[Math.toIntExact(entry.size())];
        int at = 0;
        try (PackReader reader = new PackReader(store, ring)) {
            for (Extent extent : entry.extents()) {
                if (extent instanceof Extent.Stored stored) {
                    int target = at;
                    reader.read(
                            packs.get(stored.frame().pack()),
                            List.of(stored.frame()),
                            (frame, raw) ->
                                    System.arraycopy(raw, stored.offsetInFrame(), content, target, stored.bytes()));
                }
                at += Math.toIntExact(extent.length());
            }
        }
        assertThat(at).as("extents of %s", entry.path().text()).isEqualTo(content.length);
        int window = FormatLimits.WINDOW_BYTES;
        assertThat(entry.windows().count()).isEqualTo((content.length + window - 1) / window);
        for (int i = 0; i < entry.windows().count(); i++) {
            assertThat(entry.windows().matches(i, content, i * window, Math.min(window, content.length - i * window)))
                    .as("window %d of %s", i, entry.path().text())
                    .isTrue();
        }
        return content;
    }
}
