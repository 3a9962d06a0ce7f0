package io.pgbk.catalog.format.pack;

import io.pgbk.catalog.format.Bytes;

/**
 * A complete pack as manifests name it.
 *
 * @param path key below the prefix
 * @param header the envelope header's bytes (salt, key id, frame size), so that a range of the pack can be read without
 *     fetching its start
 * @param length stored bytes of the whole object
 * @param sha256 of the whole stored object
 * @param rawLength bytes of file content in it
 * @param frames data frames in it
 */
public record PackRef(String path, Bytes header, long length, Bytes sha256, long rawLength, int frames) {
    public PackRef {
        if (sha256.length() != 32) {
            throw new IllegalArgumentException("a SHA-256 has 32 bytes");
        }
        if (length <= 0 || rawLength < 0 || frames < 0) {
            throw new IllegalArgumentException("impossible lengths for pack " + path);
        }
    }
}
