package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.manifest.Extent;
import java.util.ArrayList;
import java.util.List;

/** Collects extents in the order of the file; neighbours that continue one another become one. */
final class Extents {
    private final List<Extent> extents = new ArrayList<>();

    void add(Extent extent) {
        if (!extents.isEmpty()) {
            Extent last = extents.getLast();
            if (last instanceof Extent.Zeros(long one) && extent instanceof Extent.Zeros(long other)) {
                extents.set(extents.size() - 1, new Extent.Zeros(one + other));
                return;
            }
            if (last instanceof Extent.Stored(Extent.Frame frame, int offset, int bytes)
                    && extent instanceof Extent.Stored(Extent.Frame next, int nextOffset, int nextBytes)
                    && offset + bytes == nextOffset
                    && frame.equals(next)) {
                extents.set(extents.size() - 1, new Extent.Stored(frame, offset, bytes + nextBytes));
                return;
            }
        }
        extents.add(extent);
    }

    List<Extent> list() {
        return List.copyOf(extents);
    }
}
