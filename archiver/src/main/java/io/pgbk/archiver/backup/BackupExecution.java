package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestWriter.ManifestRef;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.backup.WalSummaryUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.BackupLabel;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.server.BackupSession;
import io.pgbk.postgres.server.BackupStop;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.postgres.server.WalPosition;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One backup being taken, from the server's start to the commit. */
final class BackupExecution {
    private static final long HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Duration STOP_LIMIT = Duration.ofMinutes(5);
    private static final int MOST_FAILURES_IN_RESULT = 10_000;

    private final BackupPlan plan;
    private final Optional<ParentBackup> parent;
    private final ServerLine line;
    private final ServerFacts server;
    private final PostgresConnection control;
    private final PostgresConfig postgres;
    private final Repository repository;
    private final WalArchive archive;
    private final BackupWriter writer;
    private final BackupSettings settings;
    private final BackupOrigin origin;
    private final Map<String, String> annotations;
    private final int sampleOneIn;
    private final PackTails tails;
    private final TaskMonitor monitor;
    private final RepositoryRuntime runtime;
    private long lastHeartbeat;

    /**
     * A backup about to be taken.
     *
     * @param parent the plan's parent; the caller's
     * @param line where the server's timelines come from
     * @param control a session beside the one that holds the backup mode
     * @param sampleOneIn see {@link SummaryGuide}
     * @param tails what this host keeps of packs' indexes
     */
    BackupExecution(
            BackupPlan plan,
            Optional<ParentBackup> parent,
            ServerLine line,
            ServerFacts server,
            PostgresConnection control,
            ClusterCatalog cluster,
            BackupWriter writer,
            BackupSettings settings,
            BackupOrigin origin,
            Map<String, String> annotations,
            int sampleOneIn,
            PackTails tails,
            TaskMonitor monitor) {
        this.plan = plan;
        this.parent = parent;
        this.line = line;
        this.server = server;
        this.control = control;
        this.postgres = control.config();
        this.repository = cluster.repository();
        this.archive = cluster.wal(plan.incarnation());
        this.writer = writer;
        this.settings = settings;
        this.origin = origin;
        this.annotations = annotations;
        this.sampleOneIn = sampleOneIn;
        this.tails = tails;
        this.monitor = monitor;
        this.runtime = repository.runtime();
    }

    /** What the server said at both ends. */
    private record Span(BackupSession session, Instant startTime, BackupStop stop, Instant stopTime) {}

    /** @param startedNanos when the command began, on the repository's monotonic clock */
    BackupResult run(long startedNanos) {
        monitor.phase("checkpoint", -1);
        monitor.debug("backup " + writer.label() + ": " + plan);
        Optional<WalPosition> before = plan.fromStandby() ? Optional.empty() : Optional.of(control.walPosition());
        try (BackupSession session = BackupSession.start(
                PostgresConnection.open(postgres), writer.label().toString(), true, monitor)) {
            Instant startTime = runtime.clock().instant();
            requireRole(session.startedOnStandby());
            parent.ifPresent(backup -> backup.requireOnLine(session.startTimeline(), line));
            WalProof wal = new WalProof(plan, archive, control, runtime.monotonic(), settings, monitor);
            wal.proveArchiving(session.startTimeline(), session.startLsn(), before, () -> heartbeat(session));

            Optional<SummaryReading.Outcome> summaries = parent.map(backup -> askSummaries(backup, session));
            try (SummaryGuide guide = summaries.map(BackupExecution::guideOf).orElse(null)) {
                return copyAndCommit(session, startTime, wal, summaries, Optional.ofNullable(guide), startedNanos);
            }
        }
    }

    private SummaryReading.Outcome askSummaries(ParentBackup backup, BackupSession session) {
        SummaryReading reading = new SummaryReading(
                plan, backup, server, line, runtime, settings.archiveDeadline(), sampleOneIn, monitor);
        return reading.ask(postgres, session.startTimeline(), session.startLsn(), () -> heartbeat(session));
    }

    private static @Nullable SummaryGuide guideOf(SummaryReading.Outcome outcome) {
        return outcome instanceof SummaryReading.Outcome.Guided(SummaryGuide guide) ? guide : null;
    }

    private BackupResult copyAndCommit(
            BackupSession session,
            Instant startTime,
            WalProof wal,
            Optional<SummaryReading.Outcome> summaries,
            Optional<SummaryGuide> guide,
            long startedNanos) {
        PackTable packs = new PackTable(writer::packKey);
        RateLimiter limiter = new RateLimiter(settings.rateLimitBytesPerSecond(), runtime.monotonic()::nanoTime);
        Optional<DataCopy.Parent> source = parent.map(backup -> sourceOf(backup, packs));
        try (DataCopy copy =
                new DataCopy(plan, repository, session.startLsn(), limiter, packs, tails, source, guide, monitor)) {
            copy.run(() -> heartbeat(session));
            Optional<WalSummaryUse> use = summaries.map(outcome -> useOf(outcome, copy));

            monitor.phase("stop", -1);
            Span span = new Span(
                    session,
                    startTime,
                    session.stop(STOP_LIMIT),
                    runtime.clock().instant());
            requireConsistent(span, copy.control());
            copy.future()
                    .after(span.stop().stopLsn())
                    .forEach(page -> copy.failures().add(page.file(), page.block()));
            copy.leaveOutUnlogged();

            monitor.phase("manifest", -1);
            List<PackRef> refs = packs.completed();
            List<PackUse> uses = PackUses.of(refs, writer.label(), source.map(DataCopy.Parent::packs));
            ManifestRef manifest = writeManifest(span, copy, refs, uses);
            writer.checkAlive();

            monitor.phase("wal", -1);
            wal.awaitAll(
                    span.stop().stopTimeline(), session.startLsn(), span.stop().stopLsn(), writer::checkAlive);

            monitor.phase("commit", -1);
            writer.commit(facts(span, copy, uses).withWalSummaries(use), manifest);
            // The next backup is built on this one; before the commit a parent of it could still be wanted.
            tails.keepOnly(refs);
            return result(span, copy, source.map(DataCopy.Parent::packs), use, startedNanos);
        }
    }

    private static WalSummaryUse useOf(SummaryReading.Outcome outcome, DataCopy copy) {
        return switch (outcome) {
            case SummaryReading.Outcome.ReadAll(String reason) ->
                new WalSummaryUse(Optional.of(reason), 0, 0, 0, Optional.empty());
            case SummaryReading.Outcome.Guided(SummaryGuide guide) ->
                new WalSummaryUse(
                        copy.disagreement().map(how -> "the WAL summaries turned out to be wrong"),
                        copy.disagreement().isPresent() ? 0 : guide.skippedBytes(),
                        guide.readWindows(),
                        guide.hintOnlyPages(),
                        copy.disagreement());
        };
    }

    private DataCopy.Parent sourceOf(ParentBackup backup, PackTable packs) {
        List<PackRef> refs = backup.manifest().packs();
        return new DataCopy.Parent(
                backup.manifest(), new ParentPacks(refs, backup.usablePacks(), packs, tails, monitor));
    }

    private void heartbeat(BackupSession session) {
        long now = runtime.monotonic().nanoTime();
        if (now - lastHeartbeat >= HEARTBEAT_NANOS) {
            lastHeartbeat = now;
            writer.checkAlive();
            session.checkAlive();
        }
    }

    private void requireRole(boolean standby) {
        if (standby != plan.fromStandby()) {
            throw roleChanged(standby ? "the server became a standby" : "the standby was promoted");
        }
    }

    private static PgbkException roleChanged(String what) {
        return new PgbkException(
                ErrorCode.ROLE_CHANGED,
                what + " during the backup",
                "The copied files do not belong to one server's history; take the backup again.");
    }

    /** What the server and the copied files say must fit together, else the backup could not be restored. */
    private void requireConsistent(Span span, PgControl copied) {
        BackupStop stop = span.stop();
        requireRole(control.isInRecovery());
        BackupLabel label = BackupLabel.parse(stop.backupLabel());
        if (stop.stopTimeline() != label.startTimeline()
                || stop.stopTimeline() != span.session().startTimeline()) {
            throw roleChanged("the timeline changed from " + Integer.toUnsignedString(label.startTimeline()) + " to "
                    + Integer.toUnsignedString(stop.stopTimeline()));
        }
        boolean recovering = copied.state() == PgControl.State.IN_ARCHIVE_RECOVERY;
        if (recovering != plan.fromStandby() || label.fromStandby() != plan.fromStandby()) {
            throw roleChanged("the state of the server changed to " + copied.state());
        }
        if (copied.systemIdentifier() != server.systemIdentifier()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    "the copied pg_control has system identifier " + copied.systemIdentifierText() + ", the server has "
                            + server.systemIdentifierText(),
                    "Check postgres.data-directory.");
        }
        if (!label.startLsn().equals(span.session().startLsn())
                || (plan.fromStandby() && copied.minRecoveryPoint().isAfter(stop.stopLsn()))) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "the backup from " + label.startLsn() + " to " + stop.stopLsn() + " does not cover the copied files"
                            + " (start " + span.session().startLsn() + ", minimum recovery point "
                            + copied.minRecoveryPoint() + ")",
                    "Something else started or replaced the server during the backup; take it again.");
        }
    }

    private ManifestRef writeManifest(Span span, DataCopy copy, List<PackRef> packs, List<PackUse> uses) {
        ManifestFacts facts = ManifestContent.facts(
                plan,
                server,
                writer.label(),
                PackUses.parents(uses, writer.label(), plan.parent()),
                copy.control(),
                copy.pageChecksums(),
                span.session().startLsn(),
                span.startTime(),
                span.stop(),
                span.stopTime(),
                monitor);
        return new ManifestUpload(repository, monitor)
                .write(
                        writer.manifestKey(),
                        facts,
                        packs,
                        copy.entries(),
                        copy.failures().named(),
                        postgres);
    }

    private BackupFacts facts(Span span, DataCopy copy, List<PackUse> uses) {
        CopyTotals totals = copy.totals();
        return new BackupFacts(
                plan.parent(),
                plan.fallbackReason(),
                plan.incarnation().number(),
                span.stop().stopTimeline(),
                span.session().startLsn(),
                span.stop().stopLsn(),
                span.startTime(),
                span.stopTime(),
                totals.files(),
                totals.fileBytes(),
                totals.readBytes(),
                totals.storedBytes(),
                copy.failures().count(),
                plan.fromStandby(),
                origin.host(),
                origin.programVersion(),
                annotations,
                uses);
    }

    private BackupResult result(
            Span span, DataCopy copy, Optional<ParentPacks> parents, Optional<WalSummaryUse> use, long startedNanos) {
        CopyTotals totals = copy.totals();
        return new BackupResult(
                writer.label().toString(),
                plan.type().id(),
                plan.parent().map(Label::toString).orElse(null),
                plan.fallbackReason().orElse(null),
                span.stop().stopTimeline(),
                span.session().startLsn().toString(),
                span.stop().stopLsn().toString(),
                span.startTime(),
                span.stopTime(),
                totals.files(),
                totals.fileBytes(),
                totals.readBytes(),
                totals.storedBytes(),
                copy.failures().named().stream()
                        .limit(MOST_FAILURES_IN_RESULT)
                        .map(failure -> new PageFailure(failure.file().toString(), failure.block()))
                        .toList(),
                use.map(BackupResult.WalSummaries::of).orElse(null),
                parents.map(packs -> new BackupResult.PackIndexes(packs.fetchedIndexes(), packs.cachedIndexes()))
                        .orElse(null),
                (runtime.monotonic().nanoTime() - startedNanos) / 1e9);
    }
}
