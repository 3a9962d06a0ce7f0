package io.pgbk.catalog.repository.compaction;

import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackRef;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Where frames are that were moved: 24 bytes of memory for each frame that their old packs have. */
final class MovedFrames {
    private final Map<String, Places> byPack = new HashMap<>();

    /** The new places of one pack's frames, by their old numbers. */
    private static final class Places {
        private final int[] packs;
        private final int[] numbers;
        private final long[] offsets;
        private final int[] storedLengths;
        private final int[] rawLengths;

        Places(int frames) {
            packs = new int[frames];
            Arrays.fill(packs, -1);
            numbers = new int[frames];
            offsets = new long[frames];
            storedLengths = new int[frames];
            rawLengths = new int[frames];
        }
    }

    /** Notes a frame's new place; its pack is the ordinal in the table of new packs. */
    void put(PackRef pack, Extent.Frame old, Extent.Frame moved) {
        Places places = byPack.computeIfAbsent(pack.path(), path -> new Places(pack.frames()));
        if (old.number() >= places.packs.length) {
            throw Damage.of(pack.path(), "it has no frame " + old.number() + " as a manifest names it");
        }
        places.packs[old.number()] = moved.pack();
        places.numbers[old.number()] = moved.number();
        places.offsets[old.number()] = moved.storedOffset();
        places.storedLengths[old.number()] = moved.storedLength();
        places.rawLengths[old.number()] = moved.rawLength();
    }

    /** Takes over what another one noted of other packs. */
    void addAll(MovedFrames others) {
        byPack.putAll(others.byPack);
    }

    /**
     * The new place of a frame.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when no such frame was moved
     */
    Extent.Frame find(PackRef pack, Extent.Frame old) {
        Places places = byPack.get(pack.path());
        if (places == null
                || old.number() >= places.packs.length
                || places.packs[old.number()] < 0
                || places.rawLengths[old.number()] != old.rawLength()) {
            throw Damage.of(pack.path(), "frame " + old.number() + " is named in two ways");
        }
        int number = old.number();
        return new Extent.Frame(
                places.packs[number],
                places.numbers[number],
                places.offsets[number],
                places.storedLengths[number],
                places.rawLengths[number]);
    }
}
