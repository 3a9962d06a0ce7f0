package io.pgbk.archiver.push;

import io.pgbk.archiver.ControlFile;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.BackupLabel;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentIndex;
import io.pgbk.postgres.wal.WalSegmentScanner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * Proves that a file is what its name says, before anything is stored. Segments up to {@link #MEMORY_BYTES} are kept in
 * memory and read once; larger ones are read with a buffer of 1 MiB, and again when they are encoded.
 */
final class FileValidator {
    /** Segments of the default size stay in memory. */
    static final int MEMORY_BYTES = 16 << 20;

    private static final int BUFFER_BYTES = 1 << 20;
    private static final int SMALL_FILE_BYTES = 1 << 20;
    /** Many short calls: only a method that is called again gets to run as machine code, and this process is young. */
    private static final int DIGEST_STEP_BYTES = 16 << 10;

    private static final int HEADER_BYTES = 40;
    private static final int SYSTEM_IDENTIFIER_OFFSET = 24;
    private static final int SEGMENT_SIZE_OFFSET = 32;

    private final PushedFile file;
    private final Optional<PgControl> control;
    private final IntFunction<TimelineHistory> histories;

    /**
     * @param control what the pg_control beside pg_wal says; empty when there is none
     * @param histories the history of a timeline; asked only for timelines other than 1
     */
    FileValidator(PushedFile file, Optional<PgControl> control, IntFunction<TimelineHistory> histories) {
        this.file = file;
        this.control = control;
        this.histories = histories;
    }

    /**
     * Reads and checks the file.
     *
     * @throws PgbkException WAL_INVALID or OTHER_CLUSTER
     */
    ValidatedFile validate() {
        ValidatedFile validated = switch (file.name()) {
            case WalFileName.Segment segment -> segment(segment.name(), !followed(segment.name()));
            case WalFileName.Partial partial -> segment(partial.name(), true);
            case WalFileName.History history -> history(history);
            case WalFileName.BackupHistory backup -> backupHistory(backup);
        };
        file.requireUnchanged();
        return validated;
    }

    private ValidatedFile segment(WalSegmentName name, boolean acceptIncomplete) {
        ByteBuffer header = file.read(littleEndian(HEADER_BYTES), 0);
        if (header.remaining() < HEADER_BYTES) {
            throw invalid("it has only " + file.size() + " bytes");
        }
        WalSegmentScanner.Expectation expectation = new WalSegmentScanner.Expectation(
                name,
                segmentSize(header),
                control.map(PgControl::systemIdentifier).orElseGet(() -> header.getLong(SYSTEM_IDENTIFIER_OFFSET)),
                control.map(PgControl::major),
                timelineRule(name.timeline()),
                acceptIncomplete);
        if (file.size() != expectation.segmentSize().bytes()) {
            throw invalid("it has " + file.size() + " bytes, segments of this cluster have "
                    + expectation.segmentSize().bytes());
        }
        WalSegmentScanner scanner = new WalSegmentScanner(expectation);
        WalContent content = file.size() <= MEMORY_BYTES ? scanInMemory(scanner) : scanInPieces(scanner);
        WalSegmentIndex index = scanner.finish();
        if (control.isEmpty() && PostgresMajor.ofWalMagic(index.walMagic()).isEmpty()) {
            throw new PgbkException(
                    ErrorCode.WAL_INVALID,
                    "'" + file.path() + "' does not say to which cluster it belongs",
                    "WAL of an unknown version is archived when the file lies in the pg_wal of a data directory.");
        }
        return new ValidatedFile(
                new WalUpload(file.name(), content, expectation.systemIdentifier(), Optional.of(index)),
                PostgresMajor.ofWalMagic(index.walMagic()));
    }

    private WalSegmentSize segmentSize(ByteBuffer header) {
        if (control.isPresent()) {
            return control.get().walSegmentSize();
        }
        int claimed = header.getInt(SEGMENT_SIZE_OFFSET);
        if (WalSegmentSize.isAllowed(claimed)) {
            return new WalSegmentSize(claimed);
        }
        if (WalSegmentSize.isAllowed(file.size())) {
            return new WalSegmentSize((int) file.size());
        }
        throw invalid("it has " + file.size() + " bytes, which no WAL segment has");
    }

    private WalSegmentScanner.TimelineRule timelineRule(int timeline) {
        TimelineHistory history = timeline == 1 ? TimelineHistory.root(1) : histories.apply(timeline);
        return WalSegmentScanner.TimelineRule.of(history);
    }

    private WalContent scanInMemory(WalSegmentScanner scanner) {
        byte[] bytes = readWhole();
        Task<byte[]> digest = new Task<>("pgbk-digest");
        digest.start(() -> digestInSteps(bytes));
        scanner.update(ByteBuffer.wrap(bytes));
        return new WalContent.InMemory(bytes, digest.get());
    }

    private static byte[] digestInSteps(byte[] bytes) {
        MessageDigest sha256 = sha256();
        for (int at = 0; at < bytes.length; at += DIGEST_STEP_BYTES) {
            sha256.update(bytes, at, Math.min(DIGEST_STEP_BYTES, bytes.length - at));
        }
        return sha256.digest();
    }

    private WalContent scanInPieces(WalSegmentScanner scanner) {
        MessageDigest sha256 = sha256();
        ByteBuffer buffer = littleEndian(BUFFER_BYTES);
        for (long position = 0; position < file.size(); position += BUFFER_BYTES) {
            file.read(buffer, position);
            sha256.update(buffer.duplicate());
            scanner.update(buffer);
        }
        return new WalContent.InFile(file.path(), file.size(), sha256.digest());
    }

    private byte[] readWhole() {
        byte[] bytes = new byte[Math.toIntExact(file.size())];
        if (file.read(ByteBuffer.wrap(bytes), 0).remaining() != bytes.length) {
            throw invalid("it became shorter while it was read");
        }
        return bytes;
    }

    /**
     * Whether the server already writes the segment behind this one: then this one must be complete. Else its records
     * may end early, as in the last segment of a server that was shut down (Patroni archives it) or of a timeline that a
     * standby followed to its end.
     */
    private boolean followed(WalSegmentName name) {
        WalSegmentSize size = control.map(PgControl::walSegmentSize)
                .orElseGet(() -> WalSegmentSize.isAllowed(file.size())
                        ? new WalSegmentSize((int) file.size())
                        : WalSegmentSize.DEFAULT);
        return name.isPossibleWith(size) && NextSegment.isBegun(file.directory(), name.next(size), size);
    }

    private ValidatedFile history(WalFileName.History name) {
        byte[] content = readSmall(TimelineHistory.MAX_BYTES);
        TimelineHistory history = TimelineHistory.parse(name.timeline(), content);
        if (history.parent().isEmpty()) {
            throw invalid("it names no timeline from which timeline " + Integer.toUnsignedString(name.timeline())
                    + " branched off");
        }
        return small(content);
    }

    private ValidatedFile backupHistory(WalFileName.BackupHistory name) {
        byte[] content = readSmall(SMALL_FILE_BYTES);
        BackupLabel label;
        try {
            label = BackupLabel.parse(content);
        } catch (PgbkException e) {
            throw new PgbkException(ErrorCode.WAL_INVALID, "'" + file.path() + "' is no backup history file", null, e);
        }
        WalSegmentSize size = requireControl().walSegmentSize();
        if (!label.startSegment().equals(name.name()) || label.startLsn().segmentOffset(size) != name.offset()) {
            throw invalid("it describes a backup that began at " + label.startLsn() + " in " + label.startSegment());
        }
        return small(content);
    }

    private byte[] readSmall(int most) {
        if (file.size() > most) {
            throw invalid("it has " + file.size() + " bytes");
        }
        return readWhole();
    }

    private ValidatedFile small(byte[] content) {
        PgControl server = requireControl();
        return new ValidatedFile(
                new WalUpload(
                        file.name(),
                        new WalContent.InMemory(content, sha256().digest(content)),
                        server.systemIdentifier(),
                        Optional.empty()),
                Optional.of(server.major()));
    }

    /** Files without a WAL header belong to the cluster in whose pg_wal they lie. */
    private PgControl requireControl() {
        return control.orElseThrow(() -> new PgbkException(
                ErrorCode.WAL_INVALID,
                "'" + file.path() + "' does not say to which cluster it belongs, and there is no " + ControlFile.NAME
                        + " beside its folder",
                "Give the path of the file in the pg_wal of its data directory."));
    }

    private PgbkException invalid(String why) {
        return new PgbkException(
                ErrorCode.WAL_INVALID,
                "'" + file.path() + "' is not a valid WAL file: " + why,
                "Nothing was stored. Check the file system of the data directory for errors.");
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
