package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;

/**
 * What a writer puts into an object's header.
 *
 * @param frameBytes most raw bytes per frame
 * @param rawLength bytes of content when known, else {@link EnvelopeHeader#UNKNOWN_LENGTH}
 * @param compareDigest for objects that are compared, else empty
 * @param bulk whether the object is large, so that the native cipher pays from the start
 */
public record EnvelopeSettings(ObjectKind kind, int frameBytes, long rawLength, Bytes compareDigest, boolean bulk) {
    /** An object of unknown length without compare digest, with the default frame size. */
    public static EnvelopeSettings of(ObjectKind kind) {
        return new EnvelopeSettings(
                kind, FormatLimits.DEFAULT_FRAME_BYTES, EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, false);
    }
}
