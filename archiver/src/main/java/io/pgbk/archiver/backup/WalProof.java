package io.pgbk.archiver.backup;

import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.StandbyFacts;
import io.pgbk.postgres.server.WalPosition;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Proves that WAL gets into the repository: before a backup copies anything, and for all that it needs at its end. */
final class WalProof {
    /** Where the first record of a segment begins. */
    private static final int SEGMENT_HEADER_BYTES = 40;

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final BackupPlan plan;
    private final WalArchive archive;
    private final PostgresConnection server;
    private final MonotonicTime time;
    private final Duration deadline;
    private final WalArrival arrival;
    private final TaskMonitor monitor;

    WalProof(
            BackupPlan plan,
            WalArchive archive,
            PostgresConnection server,
            MonotonicTime time,
            BackupSettings settings,
            TaskMonitor monitor) {
        this.plan = plan;
        this.archive = archive;
        this.server = server;
        this.time = time;
        this.deadline = settings.archiveDeadline();
        this.monitor = monitor;
        this.arrival = new WalArrival(archive, time, deadline, monitor);
    }

    /**
     * Proves that archiving works now. A primary ends the segment in which it is when a backup starts, and that one must
     * arrive; when nothing was in it yet, it did not, so the segment in which the backup starts is ended. A standby
     * cannot end one, so there some segment must have arrived that is not older than the one before the start.
     *
     * @param before where the primary was before the backup started; empty on a standby
     * @throws PgbkException ARCHIVING_BROKEN
     */
    void proveArchiving(int timeline, Lsn startLsn, Optional<WalPosition> before, Runnable heartbeat) {
        monitor.phase("archive", -1);
        if (plan.fromStandby()) {
            awaitRecent(timeline, startLsn, heartbeat);
            proveSourceOfWal(timeline, startLsn, heartbeat);
        } else if (before.isPresent() && endedByStart(before.get(), timeline, startLsn)) {
            Lsn last = before.get().lsn();
            arrival.await(line(timeline), last, last.plus(1), "", this::hint, heartbeat);
        } else {
            server.switchWal();
            arrival.await(line(timeline), startLsn, startLsn.plus(1), "", this::hint, heartbeat);
        }
    }

    /** Whether the position lies within a segment that was not complete then and is now. */
    private boolean endedByStart(WalPosition before, int timeline, Lsn startLsn) {
        WalSegmentSize size = archive.incarnation().segmentSize();
        return before.timeline() == timeline
                && before.lsn().segmentOffset(size) > SEGMENT_HEADER_BYTES
                && WalSegmentName.of(timeline, before.lsn(), size)
                                .compareTo(WalSegmentName.of(timeline, startLsn, size))
                        < 0;
    }

    /**
     * Waits for all WAL that the backup needs, and for the history of its timeline.
     *
     * @throws PgbkException ARCHIVING_BROKEN naming the first missing file
     */
    void awaitAll(int timeline, Lsn startLsn, Lsn stopLsn, Runnable heartbeat) {
        String remark = plan.fromStandby() ? "; if the primary is idle, run SELECT pg_switch_wal() there" : "";
        arrival.await(line(timeline), startLsn, stopLsn, remark, this::hint, heartbeat);
        if (localHistory(timeline).isPresent() && archive.historyFile(timeline).isEmpty()) {
            throw new PgbkException(
                    ErrorCode.ARCHIVING_BROKEN,
                    "the history file " + new WalFileName.History(timeline) + " is not in the repository",
                    hint());
        }
    }

    private void awaitRecent(int timeline, Lsn startLsn, Runnable heartbeat) {
        WalSegmentSize size = archive.incarnation().segmentSize();
        WalSegmentName start = WalSegmentName.of(timeline, startLsn, size);
        WalSegmentName oldest = start.previous(size).orElse(start);
        long begun = time.nanoTime();
        while (archive.find(new WalFileName.Segment(oldest)).isEmpty()
                && archive.firstBehind(oldest).isEmpty()) {
            if (time.nanoTime() - begun >= deadline.toNanos()) {
                throw new PgbkException(
                        ErrorCode.ARCHIVING_BROKEN,
                        "neither WAL segment " + oldest + " nor a later one arrived in the repository within "
                                + deadline.toSeconds() + " s",
                        hint());
            }
            monitor.checkCancelled();
            heartbeat.run();
            time.pause(PAUSE);
        }
    }

    /**
     * A standby that streams gets more WAL, and so will the archive. One that does not follows the archive, where all
     * that it has replayed must be: what it got by streaming from a primary that is gone would never arrive.
     */
    private void proveSourceOfWal(int timeline, Lsn startLsn, Runnable heartbeat) {
        StandbyFacts standby = server.standbyFacts().orElse(null);
        if (standby == null || standby.upstream().isPresent()) {
            return;
        }
        arrival.await(
                line(timeline),
                startLsn,
                standby.replayed(),
                "; the standby streams from no primary",
                () -> "The standby has replayed WAL that is not archived, and it streams from no primary: start its"
                        + " primary, or check primary_conninfo and PostgreSQL's log on the standby.",
                heartbeat);
    }

    /** The way to a timeline, as the archive knows it, else as the server does. */
    private TimelineHistory line(int timeline) {
        return archive.history(timeline)
                .or(() -> localHistory(timeline))
                .orElseGet(() -> TimelineHistory.root(timeline));
    }

    private Optional<TimelineHistory> localHistory(int timeline) {
        Path file = plan.dataDirectory().resolve("pg_wal").resolve(new WalFileName.History(timeline).toString());
        try {
            return Optional.of(TimelineHistory.parse(timeline, Files.readAllBytes(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE, "'" + file + "' cannot be read: " + e.getMessage(), null, e);
        }
    }

    private String hint() {
        if (plan.fromStandby()) {
            return "The primary archives: check archive_mode and archive_command and PostgreSQL's log there. If it is"
                    + " idle, run SELECT pg_switch_wal() on it or set archive_timeout.";
        }
        return "Check archive_command and PostgreSQL's log" + archiverState()
                + " Run 'pgbk check' to see where it fails.";
    }

    /** What the archiver says about itself, for the hint only. */
    private String archiverState() {
        try {
            return server.archiverFailure()
                    .map(failure -> String.format(
                            Locale.ROOT,
                            "; its archiver failed %d times, last with %s.",
                            failure.count(),
                            failure.lastFile()))
                    .orElse(".");
        } catch (PgbkException e) {
            return ".";
        }
    }
}
