package io.pgbk.catalog.format.manifest;

/** A piece of a file's content; a file's extents follow each other without holes and overlaps. */
public sealed interface Extent permits Extent.Stored, Extent.Zeros {
    /** Bytes of the file that the extent stands for, at least 1. */
    long length();

    /**
     * Bytes out of a frame.
     *
     * @param offsetInFrame where they begin in the raw frame
     */
    record Stored(Frame frame, int offsetInFrame, int bytes) implements Extent {
        public Stored {
            if (offsetInFrame < 0 || bytes < 1 || bytes > frame.rawLength() - offsetInFrame) {
                throw new IllegalArgumentException("extent " + offsetInFrame + "+" + bytes + " is outside " + frame);
            }
        }

        @Override
        public long length() {
            return bytes;
        }
    }

    /** Zero bytes, not stored anywhere. */
    record Zeros(long length) implements Extent {
        public Zeros {
            if (length < 1) {
                throw new IllegalArgumentException("an extent has at least one byte");
            }
        }
    }

    /**
     * A frame of a pack: all that is needed to fetch it with one range GET.
     *
     * @param pack ordinal in the manifest's pack table
     * @param number of the frame in its pack
     * @param storedOffset of the frame from the pack's start
     * @param storedLength whole frame with header and tag
     * @param rawLength bytes after decompression
     */
    record Frame(int pack, int number, long storedOffset, int storedLength, int rawLength) {
        public Frame {
            if (pack < 0 || number < 0 || storedOffset < 0 || storedLength < 1 || rawLength < 0) {
                throw new IllegalArgumentException("impossible frame " + pack + "/" + number);
            }
        }
    }
}
