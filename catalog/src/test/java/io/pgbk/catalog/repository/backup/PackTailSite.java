package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A spool directory, a store with packs, and what tests of the cache of their indexes do with both. */
abstract class PackTailSite {
    private static final int PAGE = 8192;
    static final int FRAME = 8 * PAGE;
    static final int FRAMES = 3;
    private static final PackSettings SETTINGS = new PackSettings(Compression.zstd(1), FRAME, 1L << 30, PAGE);
    static final ClusterName CLUSTER = new ClusterName("main");
    static final long LIMIT = 1L << 30;

    @TempDir
    Path directory;

    Path spool = Path.of("/");
    final MemoryStore store = new MemoryStore();
    final List<String> debug = new ArrayList<>();
    final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void debug(String message) {
            debug.add(message);
        }
    };

    @BeforeEach
    void makeSpool() throws IOException {
        spool = Files.createDirectory(directory.resolve("spool"));
    }

    PackTailFiles files() {
        return files(spool);
    }

    static PackTailFiles files(Path spool) {
        return (PackTailFiles) PackTailFiles.in(spool, TestRings.REPOSITORY, CLUSTER, LIMIT, TaskMonitor.SILENT);
    }

    /** A pack, and the first page of each of its frames. */
    static final class Written {
        final PackRef pack;
        final List<Extent.Frame> frames;
        final List<byte[]> pages;

        private Written(PackRef pack, List<Extent.Frame> frames, List<byte[]> pages) {
            this.pack = pack;
            this.frames = frames;
            this.pages = pages;
        }

        List<Extent.Frame> frames() {
            return frames;
        }
    }

    Written write(KeyRing ring, PackTails tails, String path, long seed) {
        PackTable table = new PackTable(_ -> path);
        List<Placement> places = new ArrayList<>();
        List<byte[]> pages = new ArrayList<>();
        try (PackWriter writer =
                new PackWriter(store, ring, table, SETTINGS, new TestRings.FixedRandom(seed), Buffers.HEAP, tails)) {
            for (int i = 0; i < FRAMES; i++) {
                byte[] frame = TestRings.content(FRAME, seed * FRAMES + i);
                pages.add(Bytes.of(frame, 0, PAGE).toArray());
                places.add(writer.append(frame, 0, FRAME, true));
            }
            writer.finish();
        }
        return new Written(
                table.completed().getFirst(),
                places.stream().map(place -> place.extent().frame()).toList(),
                pages);
    }

    Written write(KeyRing ring, PackTails tails) {
        return write(ring, tails, "clusters/main/packs/x/0", TestRings.seed());
    }

    Optional<PageDigests> kept(KeyRing ring, PackTails tails, PackRef pack) {
        try (PackReader reader = new PackReader(store, ring)) {
            return reader.keptPageDigests(pack, tails);
        }
    }

    /** What a backup does: the digests are right, wherever they come from. */
    void assertDigests(KeyRing ring, PackTails tails, Written written) {
        try (PackReader reader = new PackReader(store, ring)) {
            PageDigests digests = reader.keptPageDigests(written.pack, tails)
                    .orElseGet(() -> reader.readPageDigests(written.pack, tails));
            assertThat(digests.pages()).isEqualTo(FRAMES * FRAME / PAGE);
            for (int i = 0; i < FRAMES; i++) {
                assertThat(digests.find(written.frames.get(i).number(), 0))
                        .hasValue(digests.digest(written.pages.get(i), 0));
            }
        }
    }

    static Path onlyFile(PackTailFiles files) throws IOException {
        try (Stream<Path> all = Files.list(files.directory())) {
            List<Path> found = all.toList();
            assertThat(found).hasSize(1);
            return found.getFirst();
        }
    }

    static List<String> names(Path of) throws IOException {
        try (Stream<Path> all = Files.list(of)) {
            return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    /** Keeps in memory what it is given. */
    static class InMemory implements PackTails {
        final Map<PackRef, byte[]> tails = new HashMap<>();

        @Override
        public Optional<byte[]> find(PackRef pack) {
            return Optional.ofNullable(tails.get(pack));
        }

        @Override
        public void keep(PackRef pack, byte[] tail) {
            tails.put(pack, tail);
        }

        @Override
        public void drop(PackRef pack) {
            tails.remove(pack);
        }

        @Override
        public void keepOnly(Collection<PackRef> packs) {
            tails.keySet().retainAll(packs);
        }

        byte[] of(Written written) {
            return Objects.requireNonNull(tails.get(written.pack));
        }
    }

    PackTails in(Path spool, long limit) {
        return PackTailFiles.in(spool, TestRings.REPOSITORY, CLUSTER, limit, monitor);
    }
}
