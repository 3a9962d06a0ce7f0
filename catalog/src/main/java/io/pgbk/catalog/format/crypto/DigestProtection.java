package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.ObjectIdentity;
import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;

/** Frames of plain repositories: a SHA-256 over associated data and payload. */
final class DigestProtection extends FrameProtection {
    private final MessageDigest sha256 = Digests.sha256();
    private final byte[] found = new byte[Digests.SHA256_BYTES];

    DigestProtection(byte[] header, ObjectIdentity identity) {
        super(header, identity);
    }

    private void digest(
            byte[] frameHeader, int headerOffset, byte[] payload, int offset, int length, byte[] target, int at) {
        bind(frameHeader, headerOffset);
        sha256.update(associatedData);
        sha256.update(payload, offset, length);
        try {
            sha256.digest(target, at, Digests.SHA256_BYTES);
        } catch (DigestException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void seal(
            byte[] frameHeader,
            int headerOffset,
            byte[] payload,
            int offset,
            int length,
            byte[] target,
            int targetOffset) {
        System.arraycopy(payload, offset, target, targetOffset, length);
        digest(frameHeader, headerOffset, payload, offset, length, target, targetOffset + length);
    }

    @Override
    public boolean open(
            byte[] frameHeader,
            int headerOffset,
            byte[] stored,
            int offset,
            int length,
            byte[] target,
            int targetOffset) {
        digest(frameHeader, headerOffset, stored, offset, length, found, 0);
        int tag = offset + length;
        if (!Arrays.equals(found, 0, found.length, stored, tag, tag + found.length)) {
            return false;
        }
        System.arraycopy(stored, offset, target, targetOffset, length);
        return true;
    }
}
