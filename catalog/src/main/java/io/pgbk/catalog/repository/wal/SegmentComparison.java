package io.pgbk.catalog.repository.wal;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalPrefixComparison;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Compares the records of an archived segment with those of a new file. The archived one is decoded into a temporary
 * file that only its owner can read and that is unlinked at once, so memory does not grow with the segment size.
 */
final class SegmentComparison {
    /** How the new file relates to the archived one. */
    sealed interface Relation {
        record Same() implements Relation {}

        record NewIsLonger() implements Relation {}

        record NewIsNotLonger() implements Relation {}

        record Diverging(String reason) implements Relation {}
    }

    private final WalFiles files;

    SegmentComparison(WalFiles files) {
        this.files = files;
    }

    Relation compare(WalSegmentName name, WalObject archived, WalUpload upload) {
        try {
            Path temporary = Files.createTempFile(files.repository().runtime().temporaryDirectory(), "pgbk-", ".wal");
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                Files.delete(temporary);
                return compare(name, archived, upload, channel);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new PgbkException(
                    ErrorCode.NO_SPACE,
                    name + " could not be compared with the archived one: " + e.getMessage(),
                    "The comparison needs the size of one segment in the temporary directory "
                            + files.repository().runtime().temporaryDirectory() + ".",
                    e);
        }
    }

    private Relation compare(WalSegmentName name, WalObject archived, WalUpload upload, FileChannel channel)
            throws IOException {
        OutputStream decoded = new BufferedOutputStream(Channels.newOutputStream(channel), 64 << 10);
        files.read(archived, decoded);
        decoded.flush();
        channel.position(0);
        try (InputStream raw = upload.content().open();
                ReadableByteChannel added = Channels.newChannel(raw)) {
            WalPrefixComparison.Outcome outcome =
                    WalPrefixComparison.compare(name, files.incarnation().segmentSize(), channel, added);
            return switch (outcome) {
                case WalPrefixComparison.Outcome.Identical ignored -> new Relation.Same();
                case WalPrefixComparison.Outcome.LeftIsPrefix ignored -> new Relation.NewIsLonger();
                case WalPrefixComparison.Outcome.RightIsPrefix ignored -> new Relation.NewIsNotLonger();
                case WalPrefixComparison.Outcome.SameRecords ignored -> new Relation.NewIsNotLonger();
                case WalPrefixComparison.Outcome.Diverging diverging ->
                    new Relation.Diverging("their records differ from " + diverging.at() + " on");
            };
        }
    }
}
