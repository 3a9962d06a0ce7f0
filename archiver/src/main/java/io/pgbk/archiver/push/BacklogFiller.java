package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.ScratchFile;
import io.pgbk.task.TaskMonitor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Copies segments that one repository missed from another that has them, oldest first, for half of the time that is
 * left; what remains is done by the next push. Costs one request when nothing is missing. Failures are warnings: the
 * push that called has succeeded.
 */
final class BacklogFiller {
    private static final int MOST_AT_ONCE = 64;

    private final WalArchive from;
    private final WalArchive to;
    private final String repository;
    private final LongSupplier nanoTime;
    private final long endNanos;
    private final TaskMonitor monitor;

    BacklogFiller(
            WalArchive from,
            WalArchive to,
            String repository,
            LongSupplier nanoTime,
            long deadlineNanos,
            TaskMonitor monitor) {
        this.from = from;
        this.to = to;
        this.repository = repository;
        this.nanoTime = nanoTime;
        long now = nanoTime.getAsLong();
        this.endNanos = now + Math.max(0, deadlineNanos - now) / 2;
        this.monitor = monitor;
    }

    /** Copies what is missing before this segment on its timeline. */
    void fillBefore(WalSegmentName name) {
        try {
            for (WalSegmentName missing : missingBefore(name)) {
                if (nanoTime.getAsLong() >= endNanos || !copy(missing)) {
                    return;
                }
            }
        } catch (PgbkException | IOException e) {
            monitor.warn("repository " + repository + " could not be filled: " + e.getMessage());
        }
    }

    private List<WalSegmentName> missingBefore(WalSegmentName name) {
        WalSegmentSize size = to.incarnation().segmentSize();
        Optional<WalSegmentName> previous = name.previous(size);
        if (previous.isEmpty()
                || to.find(new WalFileName.Segment(previous.get())).isPresent()) {
            return List.of();
        }
        Iterator<WalSegmentName> archived = from.segments(name.timeline(), Optional.empty());
        if (!archived.hasNext()) {
            return List.of();
        }
        TrimmedWal removed = to.trimming().read();
        return to
                .missing(
                        TimelineHistory.root(name.timeline()),
                        archived.next().startLsn(size),
                        name.startLsn(size),
                        removed.number() == 0 ? MOST_AT_ONCE : Integer.MAX_VALUE)
                .stream()
                .filter(missing -> !removed.isRemoved(missing, size))
                .limit(MOST_AT_ONCE)
                .toList();
    }

    private boolean copy(WalSegmentName name) throws IOException {
        WalFileName.Segment file = new WalFileName.Segment(name);
        Optional<WalObject> object = from.find(file);
        if (object.isEmpty()) {
            return true;
        }
        try (ScratchFile raw = ScratchFile.create(to.temporaryDirectory())) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            long length;
            try (OutputStream out = new DigestOutputStream(new BufferedOutputStream(raw.output(), 1 << 16), sha256)) {
                length = from.read(object.get(), out);
            }
            WalContent content = new WalContent.InScratchFile(raw, length, sha256.digest());
            PutWalOutcome outcome = to.put(new WalUpload(
                    file, content, from.incarnation().identity().systemIdentifier(), from.readIndex(object.get())));
            return isArchived(name, outcome);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private boolean isArchived(WalSegmentName name, PutWalOutcome outcome) {
        return switch (outcome) {
            case PutWalOutcome.Stored stored -> {
                monitor.debug(
                        "repository " + repository + ": '" + name + "' filled, " + stored.storedBytes() + " bytes");
                yield true;
            }
            case PutWalOutcome.AlreadyIdentical identical -> true;
            case PutWalOutcome.KeptBeside beside -> true;
            case PutWalOutcome.Conflict conflict -> {
                monitor.warn("repository " + repository + " has another '" + name + "': " + conflict.reason());
                yield false;
            }
            case PutWalOutcome.HistoryConflict conflict -> false;
        };
    }
}
