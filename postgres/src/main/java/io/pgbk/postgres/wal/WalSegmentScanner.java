package io.pgbk.postgres.wal;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;

/**
 * One pass over a segment that proves it to be what its name says and builds its index. Give it the bytes in pieces of
 * any size, in order: {@link #update}, then {@link #finish}. Keeps at most a page and a record of bounded size. Not safe
 * for use by several threads.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class WalSegmentScanner {
    /** Whether a page of that timeline may stand at that address in a segment of this name. */
    @FunctionalInterface
    public interface TimelineRule {
        boolean allows(int timeline, Lsn pageLsn);
    }

    /**
     * What the segment must be.
     *
     * @param name its name
     * @param segmentSize the cluster's segment size
     * @param systemIdentifier the cluster, unsigned
     * @param major the cluster's version; empty accepts any and reads the records of known ones
     * @param timelines which timelines its pages may carry
     * @param acceptIncomplete whether records may end early with zero or stale pages behind (a {@code .partial}, the
     *     last segment of a timeline)
     */
    public record Expectation(
            WalSegmentName name,
            WalSegmentSize segmentSize,
            long systemIdentifier,
            Optional<PostgresMajor> major,
            TimelineRule timelines,
            boolean acceptIncomplete) {}

    public WalSegmentScanner(Expectation expectation) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * Takes the next bytes of the segment: all that remain in the buffer.
     *
     * @throws PgbkException with code OTHER_CLUSTER when the system identifier, version or segment size is another;
     *     with code WAL_INVALID when a page is not what the name says
     */
    public void update(ByteBuffer bytes) {
        throw new UnsupportedOperationException("not landed yet");
    }

    /**
     * The index of the segment that was given.
     *
     * @throws PgbkException with code WAL_INVALID when it was too short or too long
     */
    public WalSegmentIndex finish() {
        throw new UnsupportedOperationException("not landed yet");
    }

    /** Scans all that a channel yields; the channel stays open. */
    public static WalSegmentIndex scan(ReadableByteChannel channel, Expectation expectation) throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }
}
