package io.pgbk.archiver.backup;

import java.util.Arrays;

/** Finds content that need not be stored, because it is all zero: pages never written, and holes in sparse files. */
final class Zeros {
    private Zeros() {}

    /** @param length at least 1 */
    static boolean isZero(byte[] content, int offset, int length) {
        // The first byte decides nearly always; comparing a range with itself, one byte on, decides the rest quickly.
        return content[offset] == 0
                && Arrays.equals(content, offset, offset + length - 1, content, offset + 1, offset + length);
    }
}
