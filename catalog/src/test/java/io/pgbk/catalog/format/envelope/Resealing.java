package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** What who can write into a plain repository does: changes an object and makes its digests fit again. */
public final class Resealing {
    private static final int PAYLOAD_LENGTH = 8;

    private Resealing() {}

    /** The object with the digest of every frame made anew, as far as frames can be made out. */
    public static byte[] reseal(KeyRing plain, String path, byte[] object) {
        EnvelopeHeader header;
        int at;
        try {
            header = EnvelopeHeader.parse(object, path);
            at = EnvelopeHeader.storedLength(object, path);
        } catch (PgbkException e) {
            return object;
        }
        FrameProtection protection = FrameProtection.of(
                plain, header.kind(), 0, header.salt(), Arrays.copyOf(object, at), plain.identity(path), false);
        int tagBytes = FrameProtection.tagBytes(false);
        byte[] sealed = object.clone();
        while (at + FrameHeader.BYTES + tagBytes <= object.length) {
            int payload = ByteBuffer.wrap(object).getInt(at + PAYLOAD_LENGTH);
            if (payload < 0 || payload > object.length - at - FrameHeader.BYTES - tagBytes) {
                return sealed;
            }
            protection.seal(object, at, object, at + FrameHeader.BYTES, payload, sealed, at + FrameHeader.BYTES);
            at += FrameHeader.BYTES + payload + tagBytes;
        }
        return sealed;
    }
}
