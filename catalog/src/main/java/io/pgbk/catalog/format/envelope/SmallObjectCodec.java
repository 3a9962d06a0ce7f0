package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectBody;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.SecureRandom;

/**
 * Small objects (summaries, intents, events, holds, leases, policies; mostly JSON) as one envelope in memory. Safe for
 * use by many threads.
 */
public final class SmallObjectCodec {
    private final KeyRing ring;
    private final SecureRandom random;

    public SmallObjectCodec(KeyRing ring, SecureRandom random) {
        this.ring = ring;
        this.random = random;
    }

    /**
     * Encodes the content once; the body gives the same bytes at every reading.
     *
     * @param path the object's key below the prefix
     * @param content at most {@link FormatLimits#MAX_SMALL_OBJECT_BYTES}
     */
    public ObjectBody seal(ObjectKind kind, String path, byte[] content) {
        if (content.length > FormatLimits.MAX_SMALL_OBJECT_BYTES) {
            throw new IllegalArgumentException(content.length + " bytes are too many for " + path);
        }
        ByteArrayOutputStream stored = new ByteArrayOutputStream(content.length + 512);
        EnvelopeSettings settings =
                new EnvelopeSettings(kind, FormatLimits.DEFAULT_FRAME_BYTES, content.length, Bytes.EMPTY, false);
        try (FrameCodec codec = new FrameCodec(Compression.DEFAULT)) {
            EnvelopeWriter writer = new EnvelopeWriter(ByteSink.of(stored), ring, path, settings, codec, random);
            int at = 0;
            int rest = content.length;
            while (rest > settings.frameBytes()) {
                writer.write(content, at, settings.frameBytes());
                at += settings.frameBytes();
                rest -= settings.frameBytes();
            }
            writer.writeLast(content, at, rest);
            writer.finish();
            return new StoredBytes(stored.toByteArray(), writer.sha256());
        }
    }

    /**
     * Checks and decodes an object.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW or KEY_WRONG
     */
    public byte[] open(ObjectKind kind, String path, byte[] object) {
        try (FrameCodec codec = FrameCodec.forReading()) {
            EnvelopeStream stream =
                    new EnvelopeStream(new ByteArrayInputStream(object), object.length, ring, kind, path, codec, false);
            if (stream.header().rawLength() > FormatLimits.MAX_SMALL_OBJECT_BYTES) {
                throw Damage.of(path, "it claims " + stream.header().rawLength() + " bytes");
            }
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            for (int count = stream.next(); count >= 0; count = stream.next()) {
                content.write(stream.content(), 0, count);
                if (content.size() > FormatLimits.MAX_SMALL_OBJECT_BYTES) {
                    throw Damage.of(path, "it holds over " + FormatLimits.MAX_SMALL_OBJECT_BYTES + " bytes");
                }
            }
            return content.toByteArray();
        }
    }
}
