package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.pack.PackRef;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a manifest as a stream: facts and packs first, then the files in the order of their paths' bytes, page
 * failures and the catalogue snapshot at any time between. Memory: one frame for each section and the first-path index
 * (some 50 bytes for each MiB of manifest).
 */
public final class ManifestWriter implements AutoCloseable {
    /** Most raw bytes of one part, which is one part only for an entry that alone is larger than a frame. */
    static final long MAX_PART_BYTES = 512L * 1024 * 1024;

    private static final int FRAME_BYTES = FormatLimits.DEFAULT_FRAME_BYTES;

    private final String path;
    private final FrameCodec codec;
    private final EnvelopeWriter envelope;
    private final ManifestIndex index = new ManifestIndex();
    private final Map<SectionType, Pending> pending = new EnumMap<>(SectionType.class);
    private final BinaryWriter record = new BinaryWriter(4096);
    private @Nullable Bytes lastPath;
    private long files;
    private long fileBytes;

    /** Records of one section that wait for their part to be full. */
    private static final class Pending {
        private final BinaryWriter content = new BinaryWriter(64 * 1024);
        private Bytes firstPath = Bytes.EMPTY;
        private int records;
    }

    /**
     * Begins a manifest.
     *
     * @param path the object's key below the prefix
     */
    public ManifestWriter(
            ByteSink sink,
            KeyRing ring,
            String path,
            Compression compression,
            SecureRandom random,
            ManifestFacts facts,
            List<PackRef> packs) {
        this.path = path;
        this.codec = new FrameCodec(compression);
        EnvelopeSettings settings = new EnvelopeSettings(
                ObjectKind.MANIFEST, FRAME_BYTES, EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, false);
        this.envelope = new EnvelopeWriter(sink, ring, path, settings, codec, random);
        FactsCodec.write(facts, record);
        addRecord(SectionType.FACTS, Bytes.EMPTY);
        flush(SectionType.FACTS);
        for (PackRef pack : packs) {
            PackRefCodec.write(pack, record);
            addRecord(SectionType.PACKS, Bytes.EMPTY);
        }
        flush(SectionType.PACKS);
    }

    /** Adds the next file; paths must ascend. */
    public void add(FileEntry entry) {
        if (lastPath != null && lastPath.compareTo(entry.path()) >= 0) {
            throw new IllegalArgumentException(
                    "path " + entry.path().text() + " does not come after " + lastPath.text());
        }
        lastPath = entry.path();
        FileEntryCodec.write(entry, record);
        addRecord(SectionType.FILES, entry.path());
        files++;
        fileBytes += entry.size();
    }

    /** Adds a page failure. */
    public void add(PageFailure failure) {
        record.bytes(failure.path()).varint(failure.block());
        addRecord(SectionType.PAGE_FAILURES, Bytes.EMPTY);
    }

    /** Adds a line of the catalogue snapshot. */
    public void add(CatalogRelation relation) {
        record.u32(relation.databaseOid())
                .u32(relation.oid())
                .u32(relation.filenode())
                .u32(relation.tablespaceOid())
                .text(relation.database())
                .text(relation.schema())
                .text(relation.relation());
        addRecord(SectionType.RELATIONS, Bytes.EMPTY);
    }

    private void addRecord(SectionType section, Bytes firstPath) {
        if (record.length() > MAX_PART_BYTES / 2) {
            throw new IllegalArgumentException("an entry of " + record.length() + " bytes is too large for " + path);
        }
        Pending part = pending.computeIfAbsent(section, _ -> new Pending());
        if (part.records > 0 && part.content.length() + record.length() + 5 > FRAME_BYTES) {
            flush(section);
        }
        if (part.records == 0) {
            part.firstPath = firstPath;
        }
        part.content.varint(record.length()).raw(record.buffer(), 0, record.length());
        part.records++;
        record.clear();
    }

    private void flush(SectionType section) {
        Pending part = pending.get(section);
        if (part == null || part.records == 0) {
            return;
        }
        int firstFrame = envelope.index().count();
        for (int at = 0; at < part.content.length(); at += FRAME_BYTES) {
            envelope.write(part.content.buffer(), at, Math.min(FRAME_BYTES, part.content.length() - at));
        }
        int frames = envelope.index().count() - firstFrame;
        index.add(section, new ManifestIndex.Part(firstFrame, frames, part.records, part.firstPath));
        part.content.clear();
        part.records = 0;
    }

    /** Ends the object; returns its identity for the commit. */
    public ManifestRef finish() {
        for (SectionType section : SectionType.values()) {
            flush(section);
        }
        byte[] kindIndex = index.encode();
        envelope.finish(kindIndex, 0, kindIndex.length);
        close();
        return new ManifestRef(path, envelope.length(), envelope.sha256(), files, fileBytes);
    }

    /** Releases the compressor; the object stays incomplete when it was not finished. */
    @Override
    public void close() {
        codec.close();
    }

    /**
     * A complete manifest as the backup's summary names it.
     *
     * @param path key below the prefix
     * @param length stored bytes
     * @param sha256 of the stored object
     * @param files number of entries
     * @param fileBytes content of all files
     */
    public record ManifestRef(String path, long length, Bytes sha256, long files, long fileBytes) {}
}
