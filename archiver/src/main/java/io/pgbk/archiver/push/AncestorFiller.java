package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * Archives, after a promotion, the last segments of the timelines that the new one comes from: the primary that wrote
 * them may have died before it archived them, and PostgreSQL marks what a standby received as done and never archives it.
 * Without them nothing can be replayed over the promotion. They lie in the new primary's pg_wal until its next
 * checkpoints recycle them, so this is done with the new timeline's history file, which PostgreSQL archives first, and
 * again with its first segments.
 *
 * <p>Costs one listing for each ancestor when nothing is missing. Failures are warnings: the push that called has
 * succeeded, and a gap that stays is seen by info and verify.
 */
final class AncestorFiller {
    /** With how many segments of a new timeline it is tried again. */
    private static final int SEGMENTS_BEHIND_SWITCH = 16;

    private static final int MOST_MISSING = 100_000;

    private final Path walDirectory;
    private final PgControl control;
    private final TimelineHistory history;
    private final WalSegmentSize size;
    private final LongSupplier nanoTime;
    private final long endNanos;
    private final TaskMonitor monitor;

    /**
     * @param walDirectory the server's pg_wal
     * @param history of the new timeline
     * @param endNanos when to leave the rest to the next push
     */
    AncestorFiller(
            Path walDirectory,
            PgControl control,
            TimelineHistory history,
            LongSupplier nanoTime,
            long endNanos,
            TaskMonitor monitor) {
        this.walDirectory = walDirectory;
        this.control = control;
        this.history = history;
        this.size = control.walSegmentSize();
        this.nanoTime = nanoTime;
        this.endNanos = endNanos;
        this.monitor = monitor;
    }

    /** Whether this file is archived soon after the promotion that began its timeline. */
    boolean isDue(WalFileName name) {
        return switch (name) {
            case WalFileName.History _ -> true;
            case WalFileName.Segment(WalSegmentName segment) ->
                segment.number(size) - history.startLsn().segmentNumber(size) < SEGMENTS_BEHIND_SWITCH;
            case WalFileName.Partial _ -> false;
            case WalFileName.BackupHistory _ -> false;
        };
    }

    /** Pushes what this archive misses and pg_wal has, oldest first. */
    void fill(String repository, WalArchive archive) {
        try {
            NavigableSet<WalSegmentName> local = localAncestors();
            if (local.isEmpty()) {
                return;
            }
            List<WalSegmentName> missing = archive.missing(
                    history, local.first().startLsn(size), local.last().endLsn(size), MOST_MISSING);
            for (WalSegmentName name : missing) {
                if (nanoTime.getAsLong() >= endNanos) {
                    return;
                }
                if (local.contains(name)) {
                    push(repository, archive, name);
                }
            }
        } catch (PgbkException | IOException e) {
            monitor.warn("what the timelines before " + new WalFileName.History(history.timeline())
                    + " left behind could not be archived in repository " + repository + ": " + e.getMessage());
        }
    }

    /** The whole segments in pg_wal that replay reads on the way to the new timeline, in their order on that way. */
    private NavigableSet<WalSegmentName> localAncestors() throws IOException {
        NavigableSet<WalSegmentName> names = new TreeSet<>((left, right) -> Long.compareUnsigned(
                left.startLsn(size).value(), right.startLsn(size).value()));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(walDirectory)) {
            for (Path file : files) {
                WalSegmentName.tryParse(String.valueOf(file.getFileName()))
                        .filter(name -> name.isPossibleWith(size) && isOnTheWay(name))
                        .ifPresent(names::add);
            }
        }
        return names;
    }

    private boolean isOnTheWay(WalSegmentName name) {
        long number = name.number(size);
        // The segment with the switch point is the child's.
        return history.ranges().stream()
                .anyMatch(range -> range.timeline() == name.timeline()
                        && range.timeline() != history.timeline()
                        && range.to()
                                .filter(to ->
                                        number >= range.from().segmentNumber(size) && number < to.segmentNumber(size))
                                .isPresent());
    }

    private void push(String repository, WalArchive archive, WalSegmentName name) {
        WalFileName.Segment file = new WalFileName.Segment(name);
        try (PushedFile pushed = PushedFile.open(name.toString(), walDirectory, null)) {
            ValidatedFile validated =
                    new FileValidator(pushed, Optional.of(control), timeline -> ancestor(archive, timeline)).validate();
            new TargetPush(
                            repository,
                            file,
                            Optional.of(control),
                            name.timeline() == 1 ? Optional.empty() : LocalHistory.read(walDirectory, name.timeline()),
                            Optional.empty())
                    .put(archive, validated);
            monitor.debug("repository " + repository + ": '" + name + "' filled, the server that wrote it had not"
                    + " archived it before timeline " + Integer.toUnsignedString(history.timeline()) + " began");
        } catch (PgbkException e) {
            monitor.warn("'" + name + "' is missing in repository " + repository + " and could not be archived from "
                    + walDirectory + ": " + e.getMessage());
        }
    }

    private TimelineHistory ancestor(WalArchive archive, int timeline) {
        return LocalHistory.read(walDirectory, timeline)
                .map(content -> TimelineHistory.parse(timeline, content))
                .or(() -> archive.history(timeline))
                .orElseGet(() -> TimelineHistory.root(timeline));
    }
}
