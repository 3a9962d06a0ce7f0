package io.pgbk.archiver.backup;

import io.pgbk.archiver.backup.SummaryCoverage.Coverage;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.postgres.server.WalSummaries;
import io.pgbk.postgres.server.WalSummary;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Finds out from PostgreSQL's WAL summaries what may have changed between the parent's start and this backup's, or why
 * that cannot be known. Whenever there is a doubt all files are read.
 */
final class SummaryReading {
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final Duration REMARK_AFTER = Duration.ofSeconds(10);
    /** PostgreSQL's own backups give up on a summariser that stands still for so long (WaitForWalSummarization). */
    private static final Duration MOST_PATIENCE = Duration.ofSeconds(60);

    private static final Duration QUERY_LIMIT = Duration.ofMinutes(30);

    private final BackupPlan plan;
    private final ParentBackup parent;
    private final ServerFacts server;
    private final ServerLine line;
    private final RepositoryRuntime runtime;
    private final Duration patience;
    private final int sampleOneIn;
    private final TaskMonitor monitor;

    /**
     * A question about one backup.
     *
     * @param patience how long the summariser may stand still; longer than {@link #MOST_PATIENCE} is of no use
     * @param sampleOneIn see {@link SummaryGuide}
     */
    SummaryReading(
            BackupPlan plan,
            ParentBackup parent,
            ServerFacts server,
            ServerLine line,
            RepositoryRuntime runtime,
            Duration patience,
            int sampleOneIn,
            TaskMonitor monitor) {
        this.plan = plan;
        this.parent = parent;
        this.server = server;
        this.line = line;
        this.runtime = runtime;
        this.patience = patience.compareTo(MOST_PATIENCE) < 0 ? patience : MOST_PATIENCE;
        this.sampleOneIn = sampleOneIn;
        this.monitor = monitor;
    }

    /** What came of it. */
    sealed interface Outcome {
        /** The summaries tell what to read; the guide is to be closed. */
        record Guided(SummaryGuide guide) implements Outcome {}

        /**
         * Everything is to be read.
         *
         * @param reason why, for people
         */
        record ReadAll(String reason) implements Outcome {}
    }

    /**
     * Asks the server.
     *
     * @param postgres where it answers; the question gets a session of its own
     * @param startTimeline the timeline on which this backup begins
     * @param start where its replay begins
     * @param heartbeat called between two looks at a summariser that is behind
     */
    Outcome ask(PostgresConfig postgres, int startTimeline, Lsn start, Runnable heartbeat) {
        monitor.phase("summaries", -1);
        try (PostgresConnection connection = PostgresConnection.open(postgres)) {
            WalSummaries summaries = new WalSummaries(connection);
            Optional<String> objection = summaries.objection().or(() -> objection(start));
            Optional<TimelineHistory> history = line.history(startTimeline);
            if (objection.isPresent() || history.isEmpty()) {
                return new Outcome.ReadAll(objection.orElse(
                        "the history of timeline " + Integer.toUnsignedString(startTimeline) + " is not known"));
            }
            return switch (await(summaries, history.get(), start, heartbeat)) {
                case Coverage.Hole(int timeline, Lsn at) ->
                    new Outcome.ReadAll("there is no WAL summary of timeline " + Integer.toUnsignedString(timeline)
                            + " from " + at + " on");
                case Coverage.Complete(List<WalSummary> complete) ->
                    new Outcome.Guided(load(summaries, complete, start));
            };
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.POSTGRES_UNSUITABLE) {
                throw e;
            }
            monitor.warn("all files are read, because the WAL summaries cannot be: " + e.getMessage());
            return new Outcome.ReadAll(String.valueOf(e.getMessage()));
        }
    }

    private Optional<String> objection(Lsn start) {
        // Checksums are written into pages without WAL when they are switched on while the server is down.
        if (parent.manifest().facts().dataChecksums() != server.dataChecksums()) {
            return Optional.of(
                    "data checksums were switched " + (server.dataChecksums() ? "on" : "off") + " since the parent");
        }
        // Pages of the parent can be as new as its end; on a standby replay can begin before that.
        if (start.isBefore(parent.stopLsn())) {
            return Optional.of("this backup begins at " + start + ", and its parent ended at " + parent.stopLsn());
        }
        return parent.summaryDisagreement().map(label -> "the WAL summaries turned out to be wrong in backup " + label);
    }

    /** The coverage of the range when the summariser has come to its end, or stands still. */
    private Coverage await(WalSummaries summaries, TimelineHistory history, Lsn start, Runnable heartbeat) {
        long begun = runtime.monotonic().nanoTime();
        long moved = begun;
        boolean remarked = false;
        Lsn reached = Lsn.INVALID;
        while (true) {
            // Asked before the list: what it says is written by then.
            WalSummaries.Progress progress = summaries.progress();
            Coverage coverage = SummaryCoverage.of(summaries.available(), history, parent.startLsn(), start);
            long now = runtime.monotonic().nanoTime();
            if (progress.read().isAfter(reached) || progress.written().isAfter(reached)) {
                reached = Lsn.max(progress.read(), progress.written());
                moved = now;
            }
            if (coverage instanceof Coverage.Complete
                    || !progress.written().isBefore(start)
                    || now - moved >= patience.toNanos()) {
                return coverage;
            }
            if (!remarked && now - begun >= REMARK_AFTER.toNanos()) {
                remarked = true;
                monitor.warn("waiting for PostgreSQL's WAL summariser, which is at " + reached + ", to reach " + start);
            }
            monitor.checkCancelled();
            heartbeat.run();
            runtime.monotonic().pause(PAUSE);
        }
    }

    private SummaryGuide load(WalSummaries summaries, List<WalSummary> complete, Lsn start) {
        ChangedWindows changes = new ChangedWindows(runtime.temporaryDirectory(), plan.relationSegmentBlocks());
        boolean loaded = false;
        try {
            summaries.changes(
                    complete,
                    plan.walk().tablespaceVersionDirectory(),
                    plan.relationSegmentBlocks(),
                    ChangedWindows.WINDOW_PAGES,
                    changes,
                    monitor,
                    QUERY_LIMIT);
            changes.finish();
            loaded = true;
            return new SummaryGuide(
                    changes,
                    parent.startLsn(),
                    start,
                    sampleOneIn,
                    runtime.random().nextLong());
        } finally {
            if (!loaded) {
                changes.close();
            }
        }
    }
}
