package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.store.CountingObjectStore;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The copy engine on a directory of the test's own, with the means to read back what it stored. */
final class CopyFixture implements AutoCloseable {
    static final Lsn START = new Lsn(0x2000000);
    static final int FRAME_BYTES = 64 << 10;
    static final long SLICE_BYTES = 512 << 10;
    private static final int PAGE_BYTES = 8192;

    final Path source;
    final CountingObjectStore store;
    final KeyRing ring;
    final PackTable packs;
    final PageFailures failures = new PageFailures();
    final FuturePages future = new FuturePages();
    final CopyTotals totals = new CopyTotals();
    final List<String> warnings = new CopyOnWriteArrayList<>();
    final PackTails tails;
    private final int frameBytes;
    private final EntrySorter entries;
    private final @Nullable CopyFixture parent;
    private final @Nullable ParentPacks parentPacks;
    private final List<FileEntry> sorted = new ArrayList<>();
    private @Nullable SummaryGuide guide;
    private Optional<BitSet> changed = Optional.empty();
    private Lsn verifiedBefore = START;
    private Lsn start = START;
    private final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void warn(String message) {
            warnings.add(message);
        }
    };

    CopyFixture(Path directory) throws IOException {
        this(directory, FRAME_BYTES);
    }

    CopyFixture(Path directory, int frameBytes) throws IOException {
        this(directory, frameBytes, KeyRing.create(RepositoryId.random(new SecureRandom()), new SecureRandom()));
    }

    CopyFixture(Path directory, int frameBytes, KeyRing ring) throws IOException {
        this(directory, frameBytes, ring, PackTails.NONE);
    }

    /** @param tails keeps the indexes of its packs */
    CopyFixture(Path directory, int frameBytes, KeyRing ring, PackTails tails) throws IOException {
        this.frameBytes = frameBytes;
        this.ring = ring;
        this.tails = tails;
        parent = null;
        parentPacks = null;
        packs = new PackTable(number -> "packs/1/" + number);
        source = Files.createDirectories(directory.resolve("source"));
        store = new CountingObjectStore(
                ObjectStores.open(new DirectoryStoreConfig(Files.createDirectories(directory.resolve("store")))),
                _ -> {});
        entries = new EntrySorter(directory, 1 << 20);
    }

    private CopyFixture(CopyFixture parent, Path directory, int generation, BitSet usable, PackTails tails)
            throws IOException {
        this.parent = parent;
        this.tails = tails;
        frameBytes = parent.frameBytes;
        ring = parent.ring;
        source = parent.source;
        store = parent.store;
        packs = new PackTable(number -> "packs/" + generation + "/" + number);
        parentPacks = new ParentPacks(parent.packs.completed(), usable, packs, tails, monitor);
        entries = new EntrySorter(directory, 1 << 20);
    }

    /** The next backup, built on this one, which closes the store; all of this one's packs are there. */
    CopyFixture next(Path directory, int generation) throws IOException {
        return next(directory, generation, PackTails.NONE);
    }

    /** The same with what this host has kept of packs' indexes. */
    CopyFixture next(Path directory, int generation, PackTails with) throws IOException {
        BitSet all = new BitSet();
        all.set(0, packs.completed().size());
        return new CopyFixture(this, directory, generation, all, with);
    }

    /** The same when only some of this one's packs may be used. */
    CopyFixture next(Path directory, int generation, BitSet usable) throws IOException {
        return new CopyFixture(this, directory, generation, usable, PackTails.NONE);
    }

    /** From now on summaries say that of each file just these windows have changed since the parent. */
    void guided(SummaryGuide by, BitSet windows) {
        guide = by;
        changed = Optional.of(windows);
    }

    /** The next backup is built on this one, which did not verify its pages. */
    void notVerified() {
        verifiedBefore = Lsn.INVALID;
    }

    /** Lets this backup begin there; the next one trusts it up to there. */
    void startingAt(Lsn lsn) {
        start = lsn;
        verifiedBefore = lsn;
    }

    /** What is taken from the parent. */
    ParentPacks parentPacks() {
        return Objects.requireNonNull(parentPacks);
    }

    /** A file as the parent has it; null when it does not. */
    @Nullable ParentFile inParent(String path) {
        return parent == null
                ? null
                : parent.entries().stream()
                        .filter(entry -> entry.path().text().equals(path) && entry.size() > 0)
                        .findFirst()
                        .map(entry -> new ParentFile(entry, parent.failuresOf(path), parent.verifiedBefore, changed))
                        .orElse(null);
    }

    private NavigableSet<Long> failuresOf(String path) {
        NavigableSet<Long> blocks = new TreeSet<>();
        failures.named().stream()
                .filter(failure -> failure.file().toString().equals(path))
                .forEach(failure -> blocks.add(failure.block()));
        return blocks;
    }

    /** Writes a file and plans it at the length that it has now. */
    CopyFile plan(String path, byte[] content) throws IOException {
        Path file = source.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
        RelativePath relative = new RelativePath(path);
        return new CopyFile(
                new SourceFile(
                        relative,
                        file,
                        0600,
                        Files.getLastModifiedTime(file),
                        content.length,
                        RelationFile.parse(relative.name()).orElse(null)),
                SLICE_BYTES,
                inParent(path));
    }

    PackWriter newWriter() {
        PackSettings settings = new PackSettings(Compression.DEFAULT, frameBytes, 1 << 20, PAGE_BYTES);
        return new PackWriter(store, ring, packs, settings, new SecureRandom(), Buffers.HEAP, tails);
    }

    CopyWorker newWorker(PackWriter writer) {
        return new CopyWorker(
                totals,
                new RateLimiter(0, System::nanoTime),
                writer,
                entries,
                newChecker(),
                parentPacks == null ? null : newCopier(writer),
                frameBytes,
                PAGE_BYTES,
                Buffers.HEAP,
                monitor);
    }

    PageChecker newChecker() {
        return new PageChecker(start, 131072, failures, future, monitor);
    }

    /** Takes over from the parent, which must be there. */
    WindowCopier newCopier(PackWriter writer) {
        return new WindowCopier(
                parentPacks(),
                new PackReader(store, ring),
                writer,
                failures,
                frameBytes,
                PAGE_BYTES,
                guide,
                Buffers.HEAP);
    }

    /** Copies the files with one thread, in this order. */
    void copy(CopyFile... files) {
        try (PackWriter writer = newWriter()) {
            CopyWorker worker = newWorker(writer);
            for (CopyFile file : files) {
                for (int slice = 0; slice < file.slices(); slice++) {
                    worker.copy(new WorkUnit.Slice(file, slice));
                }
            }
            worker.finish();
        }
    }

    /** What the backup holds: content by path, each window checked against its digest. */
    Map<String, byte[]> restored() throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        for (FileEntry entry : entries()) {
            contents.put(entry.path().text(), StoredContent.read(entry, packs.completed(), store, ring));
        }
        return contents;
    }

    /** All entries, by path. */
    List<FileEntry> entries() {
        if (sorted.isEmpty()) {
            entries.sorted().forEachRemaining(sorted::add);
        }
        return sorted;
    }

    @Override
    public void close() {
        entries.close();
        if (parent == null) {
            store.close();
        }
    }
}
