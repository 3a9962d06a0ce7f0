package io.pgbk.catalog.repository.backup;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Which part of the data a verification reads. Every pack and every WAL file has a fixed place on a circle of 100
 * percent, given by its key; a sample is an arc of the circle. An arc that begins where the last one ended reads what
 * that one did not, so successive samples read everything, whatever comes and goes in between.
 *
 * @param fromPercent where it begins, at least 0 and less than 100
 * @param percent how long it is, more than 0 and at most 100
 */
public record SampleArc(double fromPercent, double percent) {
    /** All of it. */
    public static final SampleArc WHOLE = new SampleArc(0, 100);

    private static final long FNV_OFFSET = 0xCBF2_9CE4_8422_2325L;
    private static final long FNV_PRIME = 0x0000_0100_0000_01B3L;

    public SampleArc {
        if (!(percent > 0 && percent <= 100 && fromPercent >= 0 && fromPercent < 100)) {
            throw new IllegalArgumentException("an arc of " + percent + " % from " + fromPercent + " %");
        }
    }

    /** Whether everything is read. */
    public boolean isWhole() {
        return percent >= 100;
    }

    /** Where the next arc begins. */
    public double end() {
        double end = fromPercent + percent;
        return end >= 100 ? end - 100 : end;
    }

    /** Whether the object with this key below the prefix lies on the arc. */
    public boolean contains(String key) {
        if (isWhole()) {
            return true;
        }
        double place = placeOf(key);
        double end = fromPercent + percent;
        return end <= 100 ? place >= fromPercent && place < end : place >= fromPercent || place < end - 100;
    }

    /** The object's place, at least 0 and less than 100: FNV-1a of the key, mixed so that neighbours lie apart. */
    static double placeOf(String key) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * FNV_PRIME;
        }
        hash = (hash ^ (hash >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
        hash = (hash ^ (hash >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
        return ((hash ^ (hash >>> 32)) >>> 11) * 0x1.0p-53 * 100;
    }

    /** How much of the circle these arcs cover together, 0 to 100. */
    public static double covered(Collection<SampleArc> arcs) {
        record Piece(double from, double to) {}
        List<Piece> pieces = new ArrayList<>();
        for (SampleArc arc : arcs) {
            double end = arc.fromPercent + arc.percent;
            pieces.add(new Piece(arc.isWhole() ? 0 : arc.fromPercent, arc.isWhole() ? 100 : Math.min(end, 100)));
            if (end > 100) {
                pieces.add(new Piece(0, end - 100));
            }
        }
        pieces.sort(Comparator.comparingDouble(Piece::from));
        double covered = 0;
        double reached = 0;
        for (Piece piece : pieces) {
            if (piece.to() > reached) {
                covered += piece.to() - Math.max(piece.from(), reached);
                reached = piece.to();
            }
        }
        return Math.min(covered, 100);
    }
}
