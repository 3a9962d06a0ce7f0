package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.SegmentOutline;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the indexes of the segments of one complete log say, in one object. An accelerator: each entry names the stored
 * object that it was taken from, and counts only while a listing shows exactly that one.
 *
 * @param key of the roll-up's object
 * @param timeline of all entries
 * @param log the middle eight digits of their names
 * @param entries ascending, each name once; names that had more than one object are not in it
 */
public record WalRollUp(String key, int timeline, int log, WalSegmentSize segmentSize, List<Entry> entries) {
    private static final int VERSION = 1;
    private static final int DIGEST_BYTES = 32;
    private static final int MIN_ENTRY_BYTES = DIGEST_BYTES + 3;

    /**
     * One segment.
     *
     * @param storedBytes length of the object that was read
     * @param rawSha256 of the file in it
     * @param outline its bytes; empty when only the segment's own index tells
     */
    public record Entry(WalSegmentName name, long storedBytes, Bytes rawSha256, Bytes outline) {}

    public WalRollUp {
        entries = List.copyOf(entries);
    }

    byte[] encode(Incarnation incarnation) {
        BinaryWriter out = new BinaryWriter(entries.size() * 128)
                .u8(VERSION)
                .u64(incarnation.identity().systemIdentifier())
                .u32(timeline)
                .u32(log)
                .u32(segmentSize.bytes())
                .varint(entries.size());
        for (Entry entry : entries) {
            out.varint(Integer.toUnsignedLong(entry.name().segment()))
                    .varint(entry.storedBytes())
                    .raw(entry.rawSha256())
                    .bytes(entry.outline());
        }
        return out.toArray();
    }

    /** Takes the content of an object apart; only whole outlines are let through. */
    static WalRollUp parse(RollUpPlace place, Incarnation incarnation, byte[] content) {
        String path = place.key();
        WalSegmentSize size = incarnation.segmentSize();
        BinaryReader in = new BinaryReader(content, path);
        int version = in.u8();
        if (version != VERSION) {
            throw Damage.tooNew(path, "roll-up version " + version);
        }
        if (in.u64() != incarnation.identity().systemIdentifier()
                || in.u32() != place.timeline()
                || in.u32() != place.log()
                || in.u32() != size.bytes()) {
            throw in.damaged("it is the roll-up of another log");
        }
        int count = in.countOf(MIN_ENTRY_BYTES);
        List<Entry> entries = new ArrayList<>(Math.min(count, size.segmentsPerLog()));
        int next = 0;
        for (int i = 0; i < count; i++) {
            int segment = in.count(size.segmentsPerLog() - 1);
            if (segment < next) {
                throw in.damaged("its segments are not ascending");
            }
            next = segment + 1;
            WalSegmentName name = new WalSegmentName(place.timeline(), place.log(), segment);
            Entry entry = new Entry(name, in.length(), in.raw(DIGEST_BYTES), in.bytes());
            requireOutline(entry, size, path);
            entries.add(entry);
        }
        // What follows was added by a later version.
        return new WalRollUp(path, place.timeline(), place.log(), size, entries);
    }

    private static void requireOutline(Entry entry, WalSegmentSize size, String path) {
        if (entry.outline().length() > 0) {
            try {
                SegmentOutline.parse(entry.name(), size, entry.outline().toArray());
            } catch (PgbkException e) {
                throw Damage.of(path, "what it says about " + entry.name() + " is invalid: " + e.getMessage(), e);
            }
        }
    }

    /** The digest that a listing of the log has when it shows what is rolled up here and nothing else. */
    public Bytes listingDigest() {
        ListingDigest digest = new ListingDigest();
        entries.forEach(entry -> digest.add(entry.name(), "", entry.storedBytes()));
        return digest.finish();
    }

    /**
     * The outlines that count.
     *
     * @param listing what a listing shows of this log now
     */
    public Map<WalSegmentName, SegmentOutline> outlines(WalLog listing) {
        Map<WalSegmentName, SegmentOutline> outlines = new HashMap<>();
        for (Entry entry : entries) {
            Optional<WalObject> only = listing.only(entry.name());
            if (only.isPresent() && only.get().storedBytes() == entry.storedBytes()) {
                put(outlines, entry);
            }
        }
        return outlines;
    }

    /** All outlines, for a log whose listing has the same digest. */
    public Map<WalSegmentName, SegmentOutline> outlines() {
        Map<WalSegmentName, SegmentOutline> outlines = new HashMap<>();
        entries.forEach(entry -> put(outlines, entry));
        return outlines;
    }

    private void put(Map<WalSegmentName, SegmentOutline> outlines, Entry entry) {
        if (entry.outline().length() > 0) {
            outlines.put(
                    entry.name(),
                    SegmentOutline.parse(
                            entry.name(), segmentSize, entry.outline().toArray()));
        }
    }

    /** The entry of a segment; empty when it has none. */
    public Optional<Entry> entry(WalSegmentName name) {
        return entries.stream().filter(entry -> entry.name().equals(name)).findFirst();
    }
}
