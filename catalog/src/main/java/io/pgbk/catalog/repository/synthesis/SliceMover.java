package io.pgbk.catalog.repository.synthesis;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.task.BufferPool;
import io.pgbk.task.Buffers;
import io.pgbk.task.ScratchBuffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Moves slices of files into new packs: fetches each frame that they need once, checks frames, pages and windows, and
 * appends the content in the order of the files. For use by one thread at a time; holds the content of one batch beside
 * what reader and writer need.
 */
final class SliceMover implements AutoCloseable {
    private final List<PackRef> packs;
    private final String manifest;
    private final PackDigests digests;
    private final PackReader reader;
    private final PackWriter writer;
    private final int frameBytes;
    private final int pageBytes;
    private final AtomicLong fetched;
    private final ScratchBuffer batch;

    /**
     * A mover.
     *
     * @param packs of the manifest that the slices are from
     * @param manifest its key, for messages
     * @param writer of the new packs; closed with the mover
     * @param frameBytes of the writer
     * @param fetched takes the stored bytes that were read
     * @param buffers with room for {@link #bufferBytes}
     */
    SliceMover(
            Repository repository,
            List<PackRef> packs,
            String manifest,
            PackDigests digests,
            PackWriter writer,
            int frameBytes,
            int pageBytes,
            AtomicLong fetched,
            Buffers buffers) {
        this.packs = packs;
        this.manifest = manifest;
        this.digests = digests;
        this.reader = new PackReader(repository.store(), repository.keys(), buffers);
        this.writer = writer;
        this.frameBytes = frameBytes;
        this.pageBytes = pageBytes;
        this.fetched = fetched;
        this.batch = new ScratchBuffer(buffers);
    }

    /** What a mover takes of a share beside its pack writer. */
    static long bufferBytes(int largestFrame) {
        return BufferPool.sizeOf(FileInWork.SLICE_BYTES) + PackReader.bufferBytes(largestFrame);
    }

    /** A piece of a frame and where it goes in the batch's content. */
    private record Target(int offsetInFrame, int offset, int length, boolean pages) {}

    private record Wanted(Extent.Frame frame, List<Target> targets) {}

    /** A part of a slice in its new place; zeros when there is no placement. */
    private record Part(@Nullable Placement placement, int length) {}

    /**
     * Moves slices that together have at most {@link FileInWork#SLICE_BYTES}; when it returns, their places are known.
     *
     * @return for each slice where it is now
     */
    List<List<Extent>> move(List<FileInWork.Slice> slices) throws IOException {
        int total = slices.stream().mapToInt(FileInWork.Slice::length).sum();
        byte[] content = batch.atLeast(total);
        Arrays.fill(content, 0, total, (byte) 0);
        fetch(slices, content);
        List<List<Part>> parts = new ArrayList<>(slices.size());
        int at = 0;
        for (FileInWork.Slice slice : slices) {
            slice.file().prove(slice, content, at, manifest);
            parts.add(append(slice, content, at));
            at += slice.length();
        }
        writer.flush();
        return parts.stream().map(SliceMover::extents).toList();
    }

    private void fetch(List<FileInWork.Slice> slices, byte[] content) throws IOException {
        Map<Integer, Map<Integer, Wanted>> byPack = new TreeMap<>();
        int at = 0;
        for (FileInWork.Slice slice : slices) {
            for (FileInWork.Piece piece : slice.file().pieces(slice)) {
                Extent.Frame frame = piece.frame();
                Wanted wanted = byPack.computeIfAbsent(frame.pack(), ignored -> new HashMap<>())
                        .computeIfAbsent(frame.number(), ignored -> new Wanted(frame, new ArrayList<>()));
                if (!wanted.frame().equals(frame)) {
                    throw Damage.of(manifest, "it names frame " + frame.number() + " of a pack in two ways");
                }
                wanted.targets()
                        .add(new Target(
                                piece.offsetInFrame(),
                                at + piece.offsetInSlice(),
                                piece.length(),
                                slice.file().relation()));
            }
            at += slice.length();
        }
        for (Map.Entry<Integer, Map<Integer, Wanted>> entry : byPack.entrySet()) {
            if (entry.getKey() >= packs.size()) {
                throw Damage.of(manifest, "it names a pack that it does not list");
            }
            fetch(packs.get(entry.getKey()), entry.getValue(), content);
        }
    }

    private void fetch(PackRef pack, Map<Integer, Wanted> frames, byte[] content) throws IOException {
        PageDigests pages = digests.of(pack, reader);
        reader.read(pack, frames.values().stream().map(Wanted::frame).toList(), (frame, raw) -> {
            fetched.addAndGet(frame.storedLength());
            Wanted wanted = frames.get(frame.number());
            if (wanted == null) {
                throw new IllegalStateException("frame " + frame.number() + " was not asked for");
            }
            for (Target target : wanted.targets()) {
                if (target.pages()) {
                    provePages(pack, pages, frame.number(), raw, target);
                }
                System.arraycopy(raw, target.offsetInFrame(), content, target.offset(), target.length());
            }
        });
    }

    private static void provePages(PackRef pack, PageDigests pages, int frame, byte[] raw, Target target) {
        int page = pages.pageBytes();
        for (int done = 0; done + page <= target.length(); done += page) {
            int at = target.offsetInFrame() + done;
            OptionalLong expected = pages.find(frame, at);
            if (expected.isPresent() && expected.getAsLong() != pages.digest(raw, at)) {
                throw Damage.of(
                        pack.path(),
                        "the page at byte " + at + " of frame " + frame + " is not the one that was stored");
            }
        }
    }

    /** Windows of zeros are not stored; between them runs of windows become pieces of a frame each. */
    private List<Part> append(FileInWork.Slice slice, byte[] content, int start) {
        List<Part> parts = new ArrayList<>();
        int end = start + slice.length();
        int pending = start;
        for (int at = start; at < end; at += FormatLimits.WINDOW_BYTES) {
            int length = Math.min(FormatLimits.WINDOW_BYTES, end - at);
            if (isZero(content, at, length)) {
                store(slice, content, pending, at, parts);
                parts.add(new Part(null, length));
                pending = at + length;
            } else if (at + length - pending > frameBytes) {
                store(slice, content, pending, at, parts);
                pending = at;
            }
        }
        store(slice, content, pending, end, parts);
        return parts;
    }

    private void store(FileInWork.Slice slice, byte[] content, int from, int to, List<Part> parts) {
        int tail = slice.file().relation() ? (to - from) % pageBytes : 0;
        for (int at = from; at < to - tail; ) {
            int length = Math.min(frameBytes, to - tail - at);
            parts.add(new Part(writer.append(content, at, length, slice.file().relation()), length));
            at += length;
        }
        if (tail > 0) {
            parts.add(new Part(writer.append(content, to - tail, tail, false), tail));
        }
    }

    private static boolean isZero(byte[] content, int offset, int length) {
        return content[offset] == 0
                && Arrays.equals(content, offset, offset + length - 1, content, offset + 1, offset + length);
    }

    private static List<Extent> extents(List<Part> parts) {
        Extents extents = new Extents();
        for (Part part : parts) {
            Placement placement = part.placement();
            extents.add(placement == null ? new Extent.Zeros(part.length()) : placement.extent());
        }
        return extents.list();
    }

    /** Ends the pack that is open: when it returns, all that was moved is durable and in the table. */
    void finish() {
        writer.finish();
    }

    @Override
    public void close() {
        reader.close();
        writer.close();
        batch.close();
    }
}
