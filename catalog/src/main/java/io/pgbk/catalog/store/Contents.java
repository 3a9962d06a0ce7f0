package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/** What all stores say and ask about content in the same way. */
final class Contents {
    private static final int COMPARE_BUFFER_BYTES = 64 << 10;

    private Contents() {}

    /** Whether both streams give the same bytes; stops at the first difference. */
    static boolean areEqual(InputStream left, InputStream right) throws IOException {
        byte[] leftBytes = new byte[COMPARE_BUFFER_BYTES];
        byte[] rightBytes = new byte[COMPARE_BUFFER_BYTES];
        while (true) {
            int leftCount = left.readNBytes(leftBytes, 0, COMPARE_BUFFER_BYTES);
            int rightCount = right.readNBytes(rightBytes, 0, COMPARE_BUFFER_BYTES);
            if (!Arrays.equals(leftBytes, 0, leftCount, rightBytes, 0, rightCount)) {
                return false;
            }
            if (leftCount < COMPARE_BUFFER_BYTES) {
                return true;
            }
        }
    }

    static PgbkException rangePastEnd(String key, String storeName, long offset, long length, long objectLength) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "object " + key + " in " + storeName + " has " + objectLength + " bytes, bytes " + offset + " to "
                        + (offset + length) + " were asked for");
    }

    static PgbkException tooLong(String key, String storeName, long objectLength, long maxBytes) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "object " + key + " in " + storeName + " has " + objectLength + " bytes, more than the " + maxBytes
                        + " that such an object can have");
    }

    static PgbkException uploadExists(String key, String storeName) {
        return new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "object " + key + " in " + storeName + " was written by another while it was being uploaded");
    }

    /** A key below the prefix that nobody uses. */
    static String probeKey(String prefix, SecureRandom random) {
        byte[] name = new byte[12];
        random.nextBytes(name);
        String directory = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
        return Keys.check(directory + "probe-" + HexFormat.of().formatHex(name));
    }
}
