package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One entry's stored form; docs/repository-format.md has the table. */
final class FileEntryCodec {
    private static final int ZEROS = 0;
    private static final int MAX_PATH_BYTES = 4096;
    /** A stored frame is at most this much longer than its raw bytes. */
    private static final int MAX_STORED_FRAME_BYTES = FormatLimits.MAX_FRAME_BYTES + 64;

    private FileEntryCodec() {}

    static void write(FileEntry entry, BinaryWriter out) {
        out.bytes(entry.path())
                .u8(entry.kind().code())
                .varint(entry.mode())
                .zigzag(entry.modifiedMicros())
                .varint(entry.size());
        switch (entry.kind()) {
            case DIRECTORY -> {}
            case SYMLINK -> out.bytes(entry.linkTarget());
            case FILE -> {
                writeExtents(entry.extents(), out);
                entry.windows().write(out);
            }
        }
    }

    private static void writeExtents(List<Extent> extents, BinaryWriter out) {
        Map<Extent.Frame, Integer> frames = new HashMap<>();
        List<Extent.Frame> order = new ArrayList<>();
        for (Extent extent : extents) {
            if (extent instanceof Extent.Stored(Extent.Frame frame, int _, int _)
                    && frames.putIfAbsent(frame, order.size()) == null) {
                order.add(frame);
            }
        }
        out.varint(order.size());
        for (Extent.Frame frame : order) {
            out.varint(frame.pack())
                    .varint(frame.number())
                    .varint(frame.storedOffset())
                    .varint(frame.storedLength())
                    .varint(frame.rawLength());
        }
        out.varint(extents.size());
        for (Extent extent : extents) {
            switch (extent) {
                case Extent.Zeros(long length) -> out.varint(ZEROS).varint(length);
                case Extent.Stored(Extent.Frame frame, int offset, int bytes) ->
                    out.varint(1L + frames.getOrDefault(frame, -1))
                            .varint(offset)
                            .varint(bytes);
            }
        }
    }

    /** Reads an entry; bytes that a later minor version put behind it are passed over. */
    static FileEntry read(BinaryReader in, int packs, String manifest) {
        Bytes path = in.raw(in.count(MAX_PATH_BYTES));
        int kindCode = in.u8();
        int mode = in.count(07777);
        long modifiedMicros = in.zigzag();
        long size = in.length();
        FileKind kind = null;
        for (FileKind candidate : FileKind.values()) {
            if (candidate.code() == kindCode) {
                kind = candidate;
            }
        }
        if (kind == null) {
            throw Damage.tooNew(manifest, "an entry is of kind " + kindCode);
        }
        if (path.length() == 0 || (kind != FileKind.FILE && size != 0)) {
            throw in.damaged("an entry has no path or an impossible size");
        }
        try {
            return switch (kind) {
                case DIRECTORY -> FileEntry.directory(path, mode, modifiedMicros);
                case SYMLINK ->
                    new FileEntry(
                            path,
                            kind,
                            mode,
                            modifiedMicros,
                            0,
                            in.raw(in.count(MAX_PATH_BYTES)),
                            List.of(),
                            WindowDigests.NONE);
                case FILE -> {
                    List<Extent> extents = readExtents(in, packs, size, path);
                    yield FileEntry.file(path, mode, modifiedMicros, size, extents, WindowDigests.parse(in, size));
                }
            };
        } catch (IllegalArgumentException e) {
            throw Damage.of(manifest, "entry " + path.text() + " is impossible: " + e.getMessage(), e);
        }
    }

    private static List<Extent> readExtents(BinaryReader in, int packs, long size, Bytes path) {
        int frameCount = in.countOf(5);
        List<Extent.Frame> frames = new ArrayList<>(frameCount);
        for (int i = 0; i < frameCount; i++) {
            int pack = in.count(Integer.MAX_VALUE);
            if (pack >= packs) {
                throw in.damaged("entry " + path.text() + " names pack " + pack + " of " + packs);
            }
            frames.add(new Extent.Frame(
                    pack,
                    in.count(Integer.MAX_VALUE),
                    in.length(),
                    in.count(MAX_STORED_FRAME_BYTES),
                    in.count(FormatLimits.MAX_FRAME_BYTES)));
        }
        int count = in.countOf(2);
        List<Extent> extents = new ArrayList<>(count);
        long covered = 0;
        for (int i = 0; i < count; i++) {
            int source = in.count(frameCount);
            Extent extent = source == ZEROS
                    ? new Extent.Zeros(in.length())
                    : new Extent.Stored(
                            frames.get(source - 1),
                            in.count(FormatLimits.MAX_FRAME_BYTES),
                            in.count(FormatLimits.MAX_FRAME_BYTES));
            if (extent.length() > size - covered) {
                throw in.damaged("the extents of " + path.text() + " are longer than the file");
            }
            covered += extent.length();
            extents.add(extent);
        }
        if (covered != size) {
            throw in.damaged("the extents of " + path.text() + " are shorter than the file");
        }
        return extents;
    }
}
