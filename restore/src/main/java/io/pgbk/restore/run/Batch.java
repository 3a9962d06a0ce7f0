package io.pgbk.restore.run;

import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.BufferPool;
import io.pgbk.task.ScratchBuffer;
import io.pgbk.task.TaskMonitor;
import io.pgbk.task.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Slices that are restored together: each frame that any of them needs is fetched once, pack by pack, in parallel.
 * What comes from several frames is put together in memory, as far as there is some (see {@link Block}).
 * Memory: at most {@value #MAX_SLICES} slices and their pieces, for each thread {@link #bufferBytes}, and {@link
 * BlockMemory}.
 */
final class Batch {
    private static final long MAX_BYTES = 512L << 20;
    private static final int MAX_SLICES = 20_000;
    private static final int MAX_EXTENTS = 200_000;
    private static final long TASK_STORED_BYTES = 8L << 20;
    private static final long TASK_RAW_BYTES = 32L << 20;
    private static final long LEAST_TASK_RAW_BYTES = 8L << 20;

    /** What batches of one restore share. */
    record Context(
            ObjectStore store,
            KeyRing keys,
            List<PackRef> packs,
            String label,
            boolean reuse,
            Disk disk,
            AlignedBuffers buffers,
            BlockMemory blocks,
            Executor writers,
            Workers workers,
            TaskMonitor monitor,
            AtomicLong bytesWritten,
            AtomicLong bytesFetched) {}

    private record FrameWork(Extent.Frame frame, List<Slice.Piece> pieces) {}

    private final Context context;
    private final List<Slice> slices = new ArrayList<>();
    private long bytes;
    private long extents;
    private int blocks;

    Batch(Context context) {
        this.context = context;
    }

    /** What a worker needs: frames, a window, what is being written, and a frame's worth that Java copies through. */
    static long bufferBytes(List<PackRef> packs) {
        int frameBytes = PackReader.largestFrame(packs);
        return PackReader.bufferBytes(frameBytes)
                + BufferPool.sizeOf(frameBytes)
                + BufferPool.sizeOf(Slice.WINDOW_BYTES)
                + PieceWriter.bufferBytes();
    }

    void add(Slice slice) {
        slices.add(slice);
        bytes += slice.bytes();
        extents += slice.extents();
        blocks += BlockPlan.blocks(slice);
    }

    boolean isFull() {
        return bytes >= MAX_BYTES || slices.size() >= MAX_SLICES || extents >= MAX_EXTENTS || mayWantMoreBlocks();
    }

    /** Whether there might be no memory for the blocks of one slice more. */
    private boolean mayWantMoreBlocks() {
        return blocks > 0
                && context.blocks().capacity() > 0
                && blocks + Slice.BLOCKS > context.blocks().capacity();
    }

    void run() throws IOException {
        Map<Integer, Map<Integer, FrameWork>> byPack = new HashMap<>();
        context.workers.run(chunks(slices).stream()
                .map(chunk -> (Workers.Task) () -> prepare(chunk, byPack))
                .toList());
        context.workers.run(fetchTasks(byPack));
        context.workers.run(chunks(slices).stream()
                .map(chunk -> (Workers.Task) () -> {
                    try (ScratchBuffer window = new ScratchBuffer(context.workers.buffers())) {
                        for (Slice slice : chunk) {
                            context.monitor.checkCancelled();
                            slice.proveRest(window, context.label);
                        }
                    }
                })
                .toList());
    }

    private static List<List<Slice>> chunks(List<Slice> all) {
        List<List<Slice>> chunks = new ArrayList<>();
        List<Slice> chunk = new ArrayList<>();
        long bytes = 0;
        for (Slice slice : all) {
            chunk.add(slice);
            bytes += slice.bytes();
            if (chunk.size() >= 256 || bytes >= TASK_RAW_BYTES) {
                chunks.add(chunk);
                chunk = new ArrayList<>();
                bytes = 0;
            }
        }
        if (!chunk.isEmpty()) {
            chunks.add(chunk);
        }
        return chunks;
    }

    private void prepare(List<Slice> chunk, Map<Integer, Map<Integer, FrameWork>> byPack) throws IOException {
        try (ScratchBuffer window = new ScratchBuffer(context.workers.buffers())) {
            for (Slice slice : chunk) {
                context.monitor.checkCancelled();
                slice.prepare(context.disk, context.reuse, window);
                List<Slice.Piece> pieces =
                        BlockPlan.arrange(slice, slice.pieces(context.disk, context.reuse), context.blocks);
                long needed = 0;
                synchronized (byPack) {
                    for (Slice.Piece piece : pieces) {
                        Extent.Frame frame = piece.extent().frame();
                        byPack.computeIfAbsent(frame.pack(), pack -> new HashMap<>())
                                .computeIfAbsent(frame.number(), number -> new FrameWork(frame, new ArrayList<>()))
                                .pieces()
                                .add(piece);
                        needed += piece.length();
                    }
                }
                // What need not be fetched is done.
                context.monitor.advance(slice.bytes() - needed);
            }
        }
    }

    private static long rawBytes(Map.Entry<Integer, Map<Integer, FrameWork>> pack) {
        return pack.getValue().values().stream()
                .mapToLong(work -> work.frame().rawLength())
                .sum();
    }

    /** In a small batch less, so that all workers end at about the same time. */
    private long taskRawBytes() {
        return Math.clamp(bytes / (4L * context.workers.count()), LEAST_TASK_RAW_BYTES, TASK_RAW_BYTES);
    }

    private List<Workers.Task> fetchTasks(Map<Integer, Map<Integer, FrameWork>> byPack) {
        List<Workers.Task> tasks = new ArrayList<>();
        // Packs of which little is needed first: each frame of the others then completes what it belongs to.
        byPack.entrySet().stream()
                .sorted(Comparator.comparingLong(Batch::rawBytes).thenComparing(Map.Entry::getKey))
                .forEach(pack -> addTasks(pack.getKey(), pack.getValue().values(), tasks));
        return tasks;
    }

    private void addTasks(int pack, Collection<FrameWork> needed, List<Workers.Task> tasks) {
        if (pack >= context.packs.size()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "the manifest of backup " + context.label + " names a pack that it does not list");
        }
        PackRef ref = context.packs.get(pack);
        long taskRawBytes = taskRawBytes();
        List<FrameWork> frames = needed.stream()
                .sorted(Comparator.comparingLong(work -> work.frame().storedOffset()))
                .toList();
        List<FrameWork> task = new ArrayList<>();
        long stored = 0;
        long raw = 0;
        for (FrameWork frame : frames) {
            task.add(frame);
            stored += frame.frame().storedLength();
            raw += frame.frame().rawLength();
            if (stored >= TASK_STORED_BYTES || raw >= taskRawBytes) {
                List<FrameWork> full = task;
                tasks.add(() -> fetch(ref, full));
                task = new ArrayList<>();
                stored = 0;
                raw = 0;
            }
        }
        if (!task.isEmpty()) {
            List<FrameWork> rest = task;
            tasks.add(() -> fetch(ref, rest));
        }
    }

    private void fetch(PackRef pack, List<FrameWork> frames) throws IOException {
        context.monitor.checkCancelled();
        Map<Integer, FrameWork> byNumber = new HashMap<>();
        frames.forEach(work -> byNumber.put(work.frame().number(), work));
        try (PackReader reader = new PackReader(context.store, context.keys, context.workers.buffers());
                PieceWriter writer = new PieceWriter(context.disk, context.buffers, context.writers)) {
            reader.read(pack, frames.stream().map(FrameWork::frame).toList(), (frame, raw) -> {
                context.monitor.checkCancelled();
                FrameWork work = byNumber.get(frame.number());
                if (work == null) {
                    throw new IllegalStateException("frame " + frame.number() + " was not asked for");
                }
                context.bytesFetched.addAndGet(frame.storedLength());
                for (Slice.Piece piece : work.pieces()) {
                    if (!piece.extent().frame().equals(frame)) {
                        throw new PgbkException(
                                ErrorCode.OBJECT_DAMAGED,
                                "the manifest of backup " + context.label + " names frame " + frame.number() + " of "
                                        + pack.path() + " in two ways");
                    }
                    piece.put(raw, writer, context.blocks, context.label);
                    context.bytesWritten.addAndGet(piece.length());
                    context.monitor.advance(piece.length());
                }
            });
        }
    }
}
