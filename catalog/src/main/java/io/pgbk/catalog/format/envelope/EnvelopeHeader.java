package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.FrameProtection;
import io.pgbk.error.PgbkException;

/**
 * The start of every envelope. It is not encrypted; every frame authenticates its digest.
 *
 * @param kind what the object holds
 * @param encrypted AES-256-GCM or, in plain repositories, SHA-256
 * @param keyEpoch the epoch whose key protects the object; 0 when plain
 * @param frameBytes most raw bytes per data frame
 * @param rawLength bytes of content, or {@link #UNKNOWN_LENGTH} when they were not known at the start
 * @param salt 32 random bytes, new for each encoding attempt
 * @param compareDigest digest of the content for objects that are compared, else empty
 */
public record EnvelopeHeader(
        ObjectKind kind,
        boolean encrypted,
        int keyEpoch,
        int frameBytes,
        long rawLength,
        Bytes salt,
        Bytes compareDigest) {
    /** The raw length is only in the trailer. */
    public static final long UNKNOWN_LENGTH = -1;

    /** First bytes of every envelope. */
    static final Bytes MAGIC = Bytes.fromHex("895047424b0d0a1a");

    /** Bytes before the variable part. */
    private static final int FIXED_BYTES = 64;

    private static final int SUITE_PLAIN = 0;
    private static final int SUITE_AES_256_GCM = 1;
    private static final int KEY_SOURCE_HKDF = 0;

    public EnvelopeHeader {
        if (frameBytes < FormatLimits.MIN_FRAME_BYTES || frameBytes > FormatLimits.MAX_FRAME_BYTES) {
            throw new IllegalArgumentException("frame size " + frameBytes + " is outside the bounds");
        }
        if (rawLength < UNKNOWN_LENGTH) {
            throw new IllegalArgumentException("raw length " + rawLength + " is impossible");
        }
        if (salt.length() != FrameProtection.SALT_BYTES) {
            throw new IllegalArgumentException("a salt has 32 bytes, not " + salt.length());
        }
        if (compareDigest.length() != 0 && compareDigest.length() != 32) {
            throw new IllegalArgumentException("a compare digest has 32 bytes, not " + compareDigest.length());
        }
        if (encrypted != keyEpoch > 0) {
            throw new IllegalArgumentException("key epoch " + keyEpoch + " does not fit the suite");
        }
    }

    /** The stored form. */
    public Bytes encode() {
        BinaryWriter out = new BinaryWriter(128);
        int length = FIXED_BYTES + 1 + compareDigest.length() + 2 + 1;
        out.raw(MAGIC)
                .u16(FormatLimits.FORMAT_VERSION)
                .u16(length)
                .u8(kind.code())
                .u8(encrypted ? SUITE_AES_256_GCM : SUITE_PLAIN)
                .u16(0)
                .u32(keyEpoch)
                .u32(frameBytes)
                .u64(rawLength)
                .raw(salt)
                .u8(compareDigest.length())
                .raw(compareDigest)
                .u16(1)
                .u8(KEY_SOURCE_HKDF);
        return Bytes.of(out.buffer(), 0, out.length());
    }

    /**
     * Parses the header at the start of an object.
     *
     * @param start the object's first bytes, {@link FormatLimits#MAX_HEADER_BYTES} or all if it is shorter
     * @param path for messages
     * @throws PgbkException OBJECT_DAMAGED or FORMAT_TOO_NEW
     */
    public static EnvelopeHeader parse(byte[] start, String path) {
        BinaryReader in = new BinaryReader(start, 0, storedLength(start, path), path);
        in.skip(MAGIC.length() + 4);
        int kindCode = in.u8();
        ObjectKind kind = ObjectKind.ofCode(kindCode)
                .orElseThrow(() -> Damage.tooNew(path, "objects of kind " + kindCode + " are not known"));
        int suite = in.u8();
        if (suite != SUITE_PLAIN && suite != SUITE_AES_256_GCM) {
            throw Damage.tooNew(path, "crypto suite " + suite + " is not known");
        }
        if (in.u16() != 0) {
            throw Damage.tooNew(path, "the header has flags that are not known");
        }
        int epoch = in.u32();
        int frameBytes = in.u32();
        long rawLength = in.u64();
        Bytes salt = in.raw(FrameProtection.SALT_BYTES);
        Bytes compareDigest = in.raw(in.u8());
        int sourceLength = in.u16();
        if (sourceLength != in.remaining()) {
            throw in.damaged("the header's key source has a wrong length");
        }
        if (sourceLength != 1 || in.u8() != KEY_SOURCE_HKDF) {
            throw Damage.tooNew(path, "its key source is not known");
        }
        try {
            return new EnvelopeHeader(
                    kind, suite == SUITE_AES_256_GCM, epoch, frameBytes, rawLength, salt, compareDigest);
        } catch (IllegalArgumentException e) {
            throw Damage.of(path, "its header says: " + e.getMessage(), e);
        }
    }

    /**
     * The length of the header itself, after magic and version were checked.
     *
     * @throws PgbkException OBJECT_DAMAGED or FORMAT_TOO_NEW
     */
    static int storedLength(byte[] start, String path) {
        if (start.length < FIXED_BYTES) {
            throw Damage.of(path, "it has " + start.length + " bytes and no complete header");
        }
        BinaryReader in = new BinaryReader(start, path);
        if (!in.raw(MAGIC.length()).equals(MAGIC)) {
            throw Damage.of(path, "it does not begin as a pgbk object");
        }
        int version = in.u16();
        if (version != FormatLimits.FORMAT_VERSION) {
            if (version == 0) {
                throw Damage.of(path, "its header names version 0");
            }
            throw Damage.tooNew(
                    path, "format version " + version + ", this program reads " + FormatLimits.FORMAT_VERSION);
        }
        int length = in.u16();
        if (length < FIXED_BYTES || length > FormatLimits.MAX_HEADER_BYTES || length > start.length) {
            throw Damage.of(path, "its header cannot be " + length + " bytes long");
        }
        return length;
    }
}
