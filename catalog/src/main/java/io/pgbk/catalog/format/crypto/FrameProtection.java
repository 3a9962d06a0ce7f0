package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.ObjectIdentity;
import io.pgbk.catalog.format.ObjectKind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Protects the frames of one object: AES-256-GCM under the object's own key, or, in a plain repository, a SHA-256.
 * Bound to header, identity and kind; the frame's own header (type, number, last flag, lengths) comes with each call.
 * Used by one thread at a time.
 */
public abstract sealed class FrameProtection permits GcmProtection, DigestProtection {
    /** Bytes of a frame's header, which is authenticated with its payload. */
    public static final int FRAME_HEADER_BYTES = 16;

    /** Bytes of a salt. */
    public static final int SALT_BYTES = 32;

    /** Header digest, identity digest, then the frame's header. */
    final byte[] associatedData = new byte[2 * Digests.SHA256_BYTES + FRAME_HEADER_BYTES];

    FrameProtection(byte[] header, ObjectIdentity identity) {
        System.arraycopy(Digests.sha256(header), 0, associatedData, 0, Digests.SHA256_BYTES);
        MessageDigest digest = Digests.sha256();
        digest.update(identity.repositoryId().value().toArray());
        digest.update(identity.path().getBytes(StandardCharsets.UTF_8));
        System.arraycopy(digest.digest(), 0, associatedData, Digests.SHA256_BYTES, Digests.SHA256_BYTES);
    }

    /**
     * The protection of an object.
     *
     * @param epoch key id of the object's header, 0 in a plain repository
     * @param header the object's header as it is stored
     * @param bulk whether the object is large
     * @throws io.pgbk.error.PgbkException KEY_WRONG when the ring lacks the epoch
     */
    public static FrameProtection of(
            KeyRing ring,
            ObjectKind kind,
            int epoch,
            Bytes salt,
            byte[] header,
            ObjectIdentity identity,
            boolean bulk) {
        return switch (ring) {
            case PlainKeyRing _ -> new DigestProtection(header, identity);
            case EncryptedKeyRing encrypted ->
                new GcmProtection(
                        Hkdf.derive(encrypted.key(epoch, kind.keyClass()).expose(), salt.toArray(), "object"),
                        header,
                        identity,
                        bulk);
        };
    }

    /** Bytes of a tag: 16 for GCM, 32 for SHA-256. */
    public static int tagBytes(boolean encrypted) {
        return encrypted ? 16 : Digests.SHA256_BYTES;
    }

    final void bind(byte[] frameHeader, int offset) {
        System.arraycopy(frameHeader, offset, associatedData, 2 * Digests.SHA256_BYTES, FRAME_HEADER_BYTES);
    }

    /**
     * Writes the protected payload and the tag behind it.
     *
     * @param frameHeader holds the frame's header at {@code headerOffset}
     * @param target gets {@code length} bytes and the tag at {@code targetOffset}; another array than {@code payload}
     */
    public abstract void seal(
            byte[] frameHeader,
            int headerOffset,
            byte[] payload,
            int offset,
            int length,
            byte[] target,
            int targetOffset);

    /**
     * Checks the tag and writes the payload.
     *
     * @param stored holds payload and tag at {@code offset}
     * @param length of the payload without tag
     * @return false when the frame is not what was written here; the target's content is then undefined
     */
    public abstract boolean open(
            byte[] frameHeader,
            int headerOffset,
            byte[] stored,
            int offset,
            int length,
            byte[] target,
            int targetOffset);
}
