package io.pgbk.restore.run;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupListing;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.UnreadableWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.postgres.wal.WalEvents;
import io.pgbk.restore.directory.ConfigurationPlan;
import io.pgbk.restore.directory.ConfigurationPlanner;
import io.pgbk.restore.directory.DiskSpace;
import io.pgbk.restore.directory.RecoverySettings;
import io.pgbk.restore.directory.Setting;
import io.pgbk.restore.directory.TablespacePlacement;
import io.pgbk.restore.directory.TablespacePlanner;
import io.pgbk.restore.directory.TargetDirectory;
import io.pgbk.restore.plan.BackupCandidate;
import io.pgbk.restore.plan.RecoveryPlan;
import io.pgbk.restore.plan.RepositoryWalView;
import io.pgbk.restore.plan.RestorePlanner;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Makes the plan of a restore and checks everything that can be checked before the first byte is written. */
public final class RestorePreparation {
    private static final Duration OLD_PRIMARY_LIVES = Duration.ofMinutes(10);

    private final ClusterCatalog catalog;
    private final RestoreRequest request;
    private final InstantSource clock;
    private final TaskMonitor monitor;

    public RestorePreparation(
            ClusterCatalog catalog, RestoreRequest request, InstantSource clock, TaskMonitor monitor) {
        this.catalog = catalog;
        this.request = request;
        this.clock = clock;
        this.monitor = monitor;
    }

    /**
     * The plan; nothing was written anywhere.
     *
     * @throws PgbkException NO_FITTING_BACKUP, TARGET_UNREACHABLE, WAL_GAP, TARGET_UNSUITABLE, OTHER_CLUSTER,
     *     TABLESPACE_CONFLICT, NO_SPACE, REFUSED_BY_POLICY, and what reading the repository throws
     */
    public RestorePlan prepare() {
        monitor.phase("plan", -1);
        BackupListing listing = catalog.backups().listing();
        listing.damaged().forEach((label, failure) -> {
            if (request.goal().label().filter(label.value()::equals).isPresent()) {
                throw failure;
            }
            monitor.warn("backup " + label + " is left out, because it cannot be read: " + failure.getMessage());
        });
        List<BackupRecord> backups = usable(listing.backups());
        Incarnation incarnation = incarnation(backups);
        List<BackupRecord> ours = backups.stream()
                .filter(backup -> backup.summary().facts().incarnation() == incarnation.number())
                .toList();
        TargetDirectory.State state = TargetDirectory.inspect(request.dataDirectory(), request.delta());
        proveIdentity(state, incarnation);
        WalArchive wal = catalog.wal(incarnation);
        RecoveryPlan recovery = recovery(wal, ours);
        BackupRecord backup = ours.stream()
                .filter(record ->
                        record.label().value().equals(recovery.backup().label()))
                .findFirst()
                .orElseThrow();
        List<String> notes = new ArrayList<>(recovery.notes());
        Archiving archiving = archiving(wal, state, notes);
        return withManifest(recovery, backup, incarnation, state, archiving, notes);
    }

    private List<BackupRecord> usable(List<BackupRecord> all) {
        return all.stream()
                .filter(backup -> !backup.expiring()
                        || request.goal()
                                .label()
                                .filter(backup.label().value()::equals)
                                .isPresent())
                .toList();
    }

    private Incarnation incarnation(List<BackupRecord> backups) {
        if (request.incarnation().isPresent()) {
            return catalog.incarnation(request.incarnation().getAsInt());
        }
        Optional<Integer> ofLabel = request.goal()
                .label()
                .flatMap(label -> backups.stream()
                        .filter(backup -> backup.label().value().equals(label))
                        .findFirst())
                .map(backup -> backup.summary().facts().incarnation());
        Optional<Integer> number = ofLabel.or(() -> backups.stream()
                .map(backup -> backup.summary().facts().incarnation())
                .max(Comparator.naturalOrder()));
        return number.isPresent() ? catalog.incarnation(number.get()) : catalog.newestIncarnation();
    }

    private static void proveIdentity(TargetDirectory.State state, Incarnation incarnation) {
        if (state instanceof TargetDirectory.State.Cluster cluster
                && cluster.control().isPresent()
                && cluster.control().get().systemIdentifier()
                        != incarnation.identity().systemIdentifier()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    "the directory belongs to the cluster with system identifier "
                            + cluster.control().get().systemIdentifierText() + ", the backup to "
                            + incarnation.identity().systemIdentifierText(),
                    "Choose another --data-directory; --delta overwrites only the same cluster.");
        }
    }

    private RecoveryPlan recovery(WalArchive wal, List<BackupRecord> backups) {
        Instant now = clock.instant();
        OptionalInt followed = request.goal().timeline() instanceof TimelineChoice.Numbered(int timeline)
                ? OptionalInt.of(timeline)
                : OptionalInt.empty();
        try (RepositoryWalView view = new RepositoryWalView(wal, followed, monitor)) {
            return new RestorePlanner(
                            view,
                            backups.stream().map(RestorePreparation::candidate).toList(),
                            now)
                    .plan(request.goal());
        }
    }

    /** A listed backup as the planner knows it. */
    public static BackupCandidate candidate(BackupRecord backup) {
        return new BackupCandidate(
                backup.label().value(),
                backup.summary().timeline(),
                backup.summary().startLsn(),
                backup.summary().stopLsn(),
                backup.summary().facts().stopTime(),
                isFoundDamaged(backup));
    }

    private static boolean isFoundDamaged(BackupRecord backup) {
        boolean verifiedBad = backup.lastVerify()
                .map(BackupEvent.Recorded::event)
                .filter(event -> event instanceof BackupEvent.Verified verified
                        && verified.verdict().verdict() == BackupEvent.Verdict.DAMAGED)
                .isPresent();
        boolean drilledBad = backup.lastDrill()
                .map(BackupEvent.Recorded::event)
                .filter(event -> event instanceof BackupEvent.Drilled drilled
                        && !drilled.verdict().good())
                .isPresent();
        return verifiedBad || drilledBad;
    }

    private Archiving archiving(WalArchive wal, TargetDirectory.State state, List<String> notes) {
        Archiving wanted =
                request.archiving().orElse(request.configuredDirectory() ? Archiving.CONTINUE : Archiving.OFF);
        // A standby archives nothing, or the same as its primary, which had better be alive; promoted, it archives on a
        // timeline of its own.
        boolean archivesBeside = wanted == Archiving.CONTINUE && !(request.role() instanceof RecoveryRole.Standby);
        if (archivesBeside) {
            Optional<Instant> newest = newestArchived(wal);
            Instant now = clock.instant();
            if (newest.filter(time -> time.isAfter(now.minus(OLD_PRIMARY_LIVES)))
                            .isPresent()
                    && !WalOrigin.isStoppedServer(wal, state)) {
                throw new PgbkException(
                        ErrorCode.REFUSED_BY_POLICY,
                        "the archive received WAL at " + newest.get() + ", less than 10 minutes ago: a primary of this"
                                + " cluster seems to be alive, and the restored server would archive beside it",
                        "In place, with --delta, a server that was stopped properly needs no waiting. Else stop the old primary for good and repeat the restore 10 minutes later, or restore with"
                                + " --archiving off and turn archive_mode on afterwards.");
            }
        }
        if (wanted == Archiving.OFF) {
            notes.add("the restored server does not archive: archive_mode = off is in postgresql.auto.conf");
        }
        return wanted;
    }

    private static Optional<Instant> newestArchived(WalArchive wal) {
        try {
            return wal.newestArchivedTime();
        } catch (PgbkException e) {
            if (!UnreadableWal.isMeant(e)) {
                throw e;
            }
            throw new PgbkException(
                    e.code(),
                    "whether a primary of this cluster still archives is not known: " + e.getMessage(),
                    "Make sure that none does, restore with --archiving off, and turn archive_mode on afterwards.",
                    e);
        }
    }

    private RestorePlan withManifest(
            RecoveryPlan recovery,
            BackupRecord backup,
            Incarnation incarnation,
            TargetDirectory.State state,
            Archiving archiving,
            List<String> notes) {
        Repository repository = catalog.repository();
        String key = catalog.backups().manifestKey(backup);
        long length = backup.manifest().storedBytes();
        // Authentic is not enough: it must be the one that the backup was committed with.
        catalog.backups().requireManifest(backup);
        try (ManifestReader manifest = ManifestReader.open(repository.store(), repository.keys(), key, length)) {
            ManifestFacts facts = manifest.facts();
            proveManifest(facts, backup, incarnation, key);
            ManifestSurvey survey = ManifestSurvey.of(manifest, key, monitor);
            String target = FileNames.characters(request.dataDirectory());
            ConfigurationPlanner configuration =
                    new ConfigurationPlanner(facts, target, survey.links(), RestorePreparation::contentHere);
            boolean reuse = state instanceof TargetDirectory.State.Cluster;
            List<TablespacePlacement> tablespaces = new TablespacePlanner(request.dataDirectory(), reuse)
                    .plan(facts.tablespaces(), request.tablespaces());
            refuseReplayedTablespaces(recovery, configuration.samePlace(), notes);
            checkSpace(survey, tablespaces, reuse);
            for (String link : survey.links()) {
                notes.add("the backup has the symbolic link " + FileNames.display(link) + "; it is restored only in"
                        + " its old place");
            }
            ConfigurationPlan files = configuration.plan();
            if (!files.copies().isEmpty()) {
                notes.add("configuration files from outside the data directory that this machine lacks, or has with"
                        + " other content, are put into " + ConfigurationPlan.DIRECTORY + ": compare them before the"
                        + " start");
            }
            return new RestorePlan(
                    recovery,
                    backup.label(),
                    incarnation,
                    key,
                    length,
                    request.dataDirectory(),
                    reuse,
                    tablespaces,
                    files,
                    settings(recovery, archiving),
                    request.role(),
                    archiving,
                    survey.files(),
                    survey.bytes(),
                    request.parallel(),
                    notes);
        }
    }

    /** What a file of this path on this machine holds; empty when there is none. */
    private static Optional<Bytes> contentHere(String path) {
        Path file = FileNames.toPath(path);
        try {
            return Optional.of(Bytes.of(Files.readAllBytes(file)));
        } catch (IOException e) {
            // It is there, and its content is not known to be the backup's.
            return Files.exists(file) ? Optional.of(Bytes.EMPTY) : Optional.empty();
        }
    }

    private static void proveManifest(ManifestFacts facts, BackupRecord backup, Incarnation incarnation, String key) {
        if (!facts.label().equals(backup.label().value())
                || facts.systemIdentifier() != incarnation.identity().systemIdentifier()
                || !facts.startLsn().equals(backup.summary().startLsn())
                || !facts.stopLsn().equals(backup.summary().stopLsn())) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "manifest " + key + " describes backup " + facts.label() + " of system "
                            + Long.toUnsignedString(facts.systemIdentifier()) + ", not " + backup.label(),
                    "Restore another backup; `pgbk verify` tells which are sound.");
        }
    }

    /**
     * Replaying CREATE TABLESPACE uses the path in the WAL, whatever the mapping says, and empties what it finds there.
     */
    private void refuseReplayedTablespaces(RecoveryPlan recovery, boolean samePlace, List<String> notes) {
        for (WalEvents.TablespaceCreated created : recovery.createdTablespaces()) {
            if (created.path().isEmpty()) {
                continue;
            }
            Path path = FileNames.toPath(created.path());
            String what = "tablespace " + Integer.toUnsignedString(created.tablespace()) + " at "
                    + FileNames.display(created.path()) + " (WAL position " + created.lsn() + ")";
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                notes.add("replay creates " + what + "; make that directory, owned by the server's user, before the"
                        + " start");
            } else if (!(request.configuredDirectory() && samePlace)) {
                throw new PgbkException(
                        ErrorCode.TABLESPACE_CONFLICT,
                        "replaying the WAL up to the target would create " + what
                                + ", and that path exists on this machine",
                        "Restore on a machine where the path does not exist, or to a target before that position.");
            }
        }
        if (!recovery.walComplete()) {
            notes.add("some WAL could not be read: whether it creates tablespaces is not known");
        }
    }

    private void checkSpace(ManifestSurvey survey, List<TablespacePlacement> tablespaces, boolean reuse) {
        if (reuse) {
            // What is there already mostly stays; a full disk then stops the restore, which can be continued.
            return;
        }
        DiskSpace space = new DiskSpace();
        try {
            long inside = survey.written();
            for (TablespacePlacement tablespace : tablespaces) {
                long bytes = survey.writtenInTablespaces().getOrDefault(Integer.toUnsignedString(tablespace.oid()), 0L);
                if (!tablespace.inPlace()) {
                    inside -= bytes;
                    space.need(FileNames.toPath(tablespace.target()), bytes);
                }
            }
            space.need(request.dataDirectory(), inside);
            space.check();
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.TARGET_UNSUITABLE,
                    "the free space for " + FileNames.display(request.dataDirectory()) + " cannot be found out: "
                            + e.getMessage(),
                    "Check the directory and its permissions.",
                    e);
        }
    }

    private List<Setting> settings(RecoveryPlan recovery, Archiving archiving) {
        List<Setting> settings = new ArrayList<>(
                switch (request.role()) {
                    case RecoveryRole.Recovery() ->
                        RecoverySettings.recovery(
                                request.restoreCommand(), recovery.target(), recovery.timeline(), request.action());
                    case RecoveryRole.Standby(Optional<String> connection) ->
                        RecoverySettings.standby(request.restoreCommand(), connection);
                    case RecoveryRole.LeftToCaller() -> List.<Setting>of();
                });
        if (archiving == Archiving.OFF) {
            settings.add(new Setting("archive_mode", "off"));
        }
        return settings;
    }
}
