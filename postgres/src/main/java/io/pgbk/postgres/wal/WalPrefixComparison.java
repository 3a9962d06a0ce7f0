package io.pgbk.postgres.wal;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;

/** Compares two versions of the same segment: is one the incomplete beginning of the other, or did two servers write? */
@SuppressWarnings("DoNotCallSuggester")
public final class WalPrefixComparison {
    private WalPrefixComparison() {}

    /** What the comparison found. */
    public sealed interface Outcome {
        /** Every byte is equal. */
        record Identical() implements Outcome {}

        /** The valid records of the left one are the beginning of the right one's. */
        record LeftIsPrefix(Lsn leftEnd) implements Outcome {}

        /** The valid records of the right one are the beginning of the left one's. */
        record RightIsPrefix(Lsn rightEnd) implements Outcome {}

        /** The same records; only bytes behind the last record differ. */
        record SameRecords(Lsn end) implements Outcome {}

        /** Different records from this address on. */
        record Diverging(Lsn at) implements Outcome {}
    }

    /** Reads both in step; the channels stay open. */
    public static Outcome compare(
            WalSegmentName name, WalSegmentSize segmentSize, ReadableByteChannel left, ReadableByteChannel right)
            throws IOException {
        throw new UnsupportedOperationException("not landed yet");
    }
}
