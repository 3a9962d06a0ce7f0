package io.pgbk.catalog.format.envelope;

/**
 * Where one data frame lies in its object: enough to fetch it with one range GET.
 *
 * @param number counts from 0
 * @param storedOffset of the frame's header from the object's start
 * @param storedLength whole frame: header, payload and tag
 * @param rawLength bytes after decompression
 */
public record FrameLocation(int number, long storedOffset, int storedLength, int rawLength) {
    /** The byte after the frame. */
    public long storedEnd() {
        return storedOffset + storedLength;
    }
}
