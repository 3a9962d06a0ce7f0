package io.pgbk.catalog.store;

import java.io.IOException;
import java.io.InputStream;

/**
 * Bytes to be stored, readable again from the start as often as a retry needs; every reading gives the same bytes.
 */
public interface ObjectBody {
    long length();

    /** Opens the content from its first byte; the caller closes it. */
    InputStream open() throws IOException;

    /** SHA-256 of the content, 32 bytes; implementations compute it once. */
    byte[] sha256();

    /** Whether the bytes are in memory and nobody changes them, so that no reading can differ from another. */
    default boolean isFixed() {
        return false;
    }
}
