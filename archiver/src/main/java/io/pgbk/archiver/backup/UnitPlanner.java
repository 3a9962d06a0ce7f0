package io.pgbk.archiver.backup;

import io.pgbk.postgres.files.SourceFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Cuts files into units of work in the order in which they come: big files into slices for several threads, small ones
 * together. Remembers only the unit being filled.
 */
final class UnitPlanner {
    /** The length of a slice: a multiple of the digest window and of every frame size up to this. */
    static final long SLICE_BYTES = 8L << 20;

    private static final long BUNDLE_BYTES = 2L << 20;
    private static final int BUNDLE_FILES = 256;

    private final Function<SourceFile, Optional<ParentFile>> parents;
    private final Consumer<WorkUnit> sink;
    private List<CopyFile> bundle = new ArrayList<>();
    private long bundledBytes;

    /** @param parents finds what the parent backup has of a file */
    UnitPlanner(Function<SourceFile, Optional<ParentFile>> parents, Consumer<WorkUnit> sink) {
        this.parents = parents;
        this.sink = sink;
    }

    /** Plans the next file. */
    void add(SourceFile source) {
        CopyFile file = new CopyFile(source, SLICE_BYTES, parents.apply(source).orElse(null));
        if (file.slices() > 1) {
            for (int slice = 0; slice < file.slices(); slice++) {
                sink.accept(new WorkUnit.Slice(file, slice));
            }
            return;
        }
        bundle.add(file);
        bundledBytes += file.size();
        if (bundledBytes >= BUNDLE_BYTES || bundle.size() >= BUNDLE_FILES) {
            flush();
        }
    }

    /** Hands on the last, incomplete bundle. */
    void flush() {
        if (!bundle.isEmpty()) {
            sink.accept(new WorkUnit.Files(bundle));
            bundle = new ArrayList<>();
            bundledBytes = 0;
        }
    }
}
