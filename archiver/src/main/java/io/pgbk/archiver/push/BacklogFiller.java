package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
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

/**
 * Copies segments that one repository missed from another that has them, oldest first, as long as there is time; what
 * remains is done by the next push or by {@code wal backfill}. Costs one request when nothing is missing. Failures are
 * warnings: the push that called has succeeded.
 */
final class BacklogFiller {
    private static final int MOST_AT_ONCE = 64;

    private final WalArchive from;
    private final WalArchive to;
    private final String repository;
    private final RepairedMarks marks;
    private final QuietTime time;
    private final TaskMonitor monitor;
    private final WalSegmentSize size;

    BacklogFiller(
            WalArchive from,
            WalArchive to,
            String repository,
            RepairedMarks marks,
            QuietTime time,
            TaskMonitor monitor) {
        this.from = from;
        this.to = to;
        this.repository = repository;
        this.marks = marks;
        this.time = time;
        this.monitor = monitor;
        this.size = to.incarnation().segmentSize();
    }

    /** Copies what is missing before this segment, on its timeline and those that it comes from. */
    void fillBefore(WalSegmentName name) {
        try {
            Optional<WalSegmentName> known = marks.behind(repository, size)
                    .filter(first -> first.startLsn(size).isBefore(name.startLsn(size)));
            if (known.isEmpty() && !lacksPrevious(name)) {
                return;
            }
            List<WalSegmentName> missing = missingBefore(name, known);
            // Also for the case that this is ended at any moment.
            marks.filledUpTo(repository, missing.stream().findFirst());
            for (WalSegmentName one : missing.stream().limit(MOST_AT_ONCE).toList()) {
                if (time.isOver() || !copy(one)) {
                    marks.filledUpTo(repository, Optional.of(one));
                    return;
                }
            }
            marks.filledUpTo(repository, missing.stream().skip(MOST_AT_ONCE).findFirst());
        } catch (PgbkException | IOException e) {
            monitor.warn("repository " + repository + " could not be filled: " + e.getMessage());
        }
    }

    private boolean lacksPrevious(WalSegmentName name) {
        Optional<WalSegmentName> previous = name.previous(size);
        return previous.isPresent()
                && to.find(new WalFileName.Segment(previous.get())).isEmpty();
    }

    /** At most one more than are copied at once. */
    private List<WalSegmentName> missingBefore(WalSegmentName name, Optional<WalSegmentName> known) {
        TimelineHistory line = name.timeline() == 1
                ? TimelineHistory.root(1)
                : from.history(name.timeline()).orElseGet(() -> TimelineHistory.root(name.timeline()));
        Optional<Lsn> begin = known.map(first -> first.startLsn(size)).or(() -> firstArchived(line));
        if (begin.isEmpty() || !begin.get().isBefore(name.startLsn(size))) {
            return List.of();
        }
        TrimmedWal removed = to.trimming().read();
        return to
                .missing(
                        line,
                        begin.get(),
                        name.startLsn(size),
                        removed.number() == 0 ? MOST_AT_ONCE + 1 : Integer.MAX_VALUE)
                .stream()
                .filter(missing -> !removed.isRemoved(missing, size))
                .limit(MOST_AT_ONCE + 1L)
                .toList();
    }

    /** Where the other archive begins on the way to this timeline. */
    private Optional<Lsn> firstArchived(TimelineHistory line) {
        for (TimelineHistory.Range range : line.ranges()) {
            Iterator<WalSegmentName> segments = from.segments(range.timeline(), Optional.empty());
            if (segments.hasNext()) {
                return Optional.of(segments.next().startLsn(size));
            }
        }
        return Optional.empty();
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
