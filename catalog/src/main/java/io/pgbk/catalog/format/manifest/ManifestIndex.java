package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Which frames hold which section, in parts that begin with a whole record; kept in the envelope's index. */
final class ManifestIndex {
    private static final int VERSION = 1;

    private final Map<SectionType, List<Part>> sections = new EnumMap<>(SectionType.class);

    /**
     * Consecutive frames that hold whole records.
     *
     * @param firstFrame number of the first frame
     * @param frames how many
     * @param firstPath of the first entry; empty in sections other than FILES
     */
    record Part(int firstFrame, int frames, int records, Bytes firstPath) {}

    void add(SectionType section, Part part) {
        sections.computeIfAbsent(section, _ -> new ArrayList<>()).add(part);
    }

    List<Part> parts(SectionType section) {
        return sections.getOrDefault(section, List.of());
    }

    long records(SectionType section) {
        return parts(section).stream().mapToLong(Part::records).sum();
    }

    byte[] encode() {
        BinaryWriter out = new BinaryWriter(1024);
        out.u8(VERSION).varint(sections.size());
        sections.forEach((section, parts) -> {
            out.varint(section.code()).varint(parts.size());
            for (Part part : parts) {
                out.varint(part.firstFrame())
                        .varint(part.frames())
                        .varint(part.records())
                        .bytes(part.firstPath());
            }
        });
        return out.toArray();
    }

    static ManifestIndex parse(BinaryReader in, int frameCount, String path) {
        int version = in.u8();
        if (version != VERSION) {
            throw Damage.tooNew(path, "manifest version " + version);
        }
        ManifestIndex index = new ManifestIndex();
        int sections = in.countOf(2);
        for (int i = 0; i < sections; i++) {
            int code = in.count(Integer.MAX_VALUE);
            int parts = in.countOf(4);
            for (int k = 0; k < parts; k++) {
                int firstFrame = in.count(frameCount);
                int frames = in.count(frameCount - firstFrame);
                int records = in.count(Integer.MAX_VALUE);
                Bytes firstPath = in.raw(in.count(4096));
                if (frames == 0 || records == 0) {
                    throw in.damaged("its index has an empty part");
                }
                if ((long) frames * FormatLimits.DEFAULT_FRAME_BYTES > ManifestWriter.MAX_PART_BYTES) {
                    throw in.damaged("its index has a part of " + frames + " frames");
                }
                for (SectionType section : SectionType.values()) {
                    if (section.code() == code) {
                        index.add(section, new Part(firstFrame, frames, records, firstPath));
                    }
                }
            }
        }
        in.expectEnd();
        return index;
    }
}
