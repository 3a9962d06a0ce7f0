package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the frames of an object whose index or trailer is lost, by walking from frame header to frame header. Frames
 * that are damaged inside are named and stepped over; where no frame header can be recognised any more the walk ends.
 */
public final class EnvelopeScanner {
    private EnvelopeScanner() {}

    /**
     * What a scan found.
     *
     * @param intact frames that are sound, in order; their numbers tell which are missing
     * @param findings what is wrong, in order of place; empty for a sound object
     * @param complete whether the last data frame was seen, so that nothing is missing behind
     */
    public record Scan(EnvelopeHeader header, List<FrameLocation> intact, List<String> findings, boolean complete) {
        public Scan {
            intact = List.copyOf(intact);
            findings = List.copyOf(findings);
        }
    }

    /**
     * Scans an object front to back.
     *
     * @param length stored bytes
     * @throws PgbkException OBJECT_DAMAGED when the header is, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public static Scan scan(ObjectStore store, KeyRing ring, ObjectKind kind, String path, long length) {
        try (InputStream input = store.read(path, 0, length);
                FrameCodec codec = FrameCodec.forReading()) {
            byte[] start = EnvelopeStream.readHeader(input, length, path);
            return new Walk(new EnvelopeDecoder(ring, kind, path, start, codec, true), input, length).run();
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "cannot read object " + path + " from " + store.displayName() + ": " + e.getMessage(),
                    null,
                    e);
        }
    }

    private static final class Walk {
        private final EnvelopeDecoder decoder;
        private final InputStream input;
        private final long length;
        private final List<FrameLocation> intact = new ArrayList<>();
        private final List<String> findings = new ArrayList<>();
        private final byte[] stored;
        private final byte[] raw;
        private long position;
        private boolean complete;

        Walk(EnvelopeDecoder decoder, InputStream input, long length) {
            this.decoder = decoder;
            this.input = input;
            this.length = length;
            this.position = decoder.headerLength();
            this.stored = new byte
                    [FrameHeader.BYTES
                            + Math.min(
                                    FormatLimits.MAX_FRAME_BYTES,
                                    decoder.header().frameBytes())
                            + decoder.tagBytes()];
            this.raw = new byte[decoder.header().frameBytes()];
        }

        Scan run() throws IOException {
            while (!complete) {
                FrameHeader frame = nextHeader();
                if (frame == null) {
                    break;
                }
                int rest = frame.payloadLength() + decoder.tagBytes();
                if (input.readNBytes(stored, FrameHeader.BYTES, rest) != rest) {
                    findings.add(frame.name() + " is cut off at byte " + length);
                    break;
                }
                int total = frame.storedLength(decoder.tagBytes());
                try {
                    decoder.decode(frame, stored, 0, raw, 0);
                    intact.add(new FrameLocation(frame.number(), position, total, frame.rawLength()));
                    complete = frame.last();
                } catch (PgbkException e) {
                    findings.add(frame.name() + " at byte " + position + ": " + e.getMessage());
                }
                position += total;
            }
            return new Scan(decoder.header(), intact, findings, complete);
        }

        private @Nullable FrameHeader nextHeader() throws IOException {
            if (input.readNBytes(stored, 0, FrameHeader.BYTES) != FrameHeader.BYTES) {
                findings.add("it ends at byte " + length + " before its last frame");
                return null;
            }
            try {
                FrameHeader frame = decoder.frameHeader(stored, 0);
                if (frame.type() == FrameType.DATA) {
                    return frame;
                }
                findings.add("the last data frame before byte " + position + " is missing or damaged");
            } catch (PgbkException e) {
                findings.add("at byte " + position + ": " + e.getMessage());
            }
            return null;
        }
    }
}
