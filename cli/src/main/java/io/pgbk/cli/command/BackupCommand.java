package io.pgbk.cli.command;

import io.pgbk.archiver.backup.BackupOrigin;
import io.pgbk.archiver.backup.BackupOutcome;
import io.pgbk.archiver.backup.BackupRequest;
import io.pgbk.archiver.backup.BackupResult;
import io.pgbk.archiver.backup.BackupRunner;
import io.pgbk.archiver.backup.BackupSettings;
import io.pgbk.archiver.backup.PageFailure;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.PackTailFiles;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.synthesis.SyntheticFull;
import io.pgbk.catalog.repository.synthesis.SyntheticOutcome;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.Settings;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.process.Version;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.cli.wiring.Server;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk backup}. */
@Command(
        name = "backup",
        description = {
            "Takes a backup of the running cluster into one repository.",
            "It is listed only when everything that it needs, its WAL included, is in the repository."
        })
public final class BackupCommand implements Callable<Integer> {
    private static final int SHOWN_PAGE_ERRORS = 20;

    private final Session session;

    @Option(
            names = "--type",
            paramLabel = "full|diff|incr",
            completionCandidates = Words.BackupTypes.class,
            description = {
                "How much to store: full, everything; diff, what changed since the last full backup; incr, what changed"
                        + " since the last backup.",
                "Without a fitting backup to build on a full one is taken, and the answer says why."
            })
    private String type = BackupType.FULL.suffix();

    @Option(
            names = "--from-repository",
            description = {
                "With --type full: writes the state of the newest backup as a new full backup, from the repository alone.",
                "No server is read or asked; does nothing and succeeds when the newest backup is such a full already."
            })
    private boolean fromRepository;

    @Option(names = "--standby", description = "Copies the files from this standby; the primary must be archiving.")
    private boolean standby;

    @Option(
            names = "--if-primary",
            description = "On a standby does nothing and succeeds: for a timer that runs on every node.")
    private boolean ifPrimary;

    @Option(
            names = "--annotation",
            paramLabel = "K=V",
            description = "A note that is kept with the backup; may be repeated.")
    private List<String> annotations = List.of();

    BackupCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        BackupType wanted = BackupType.ofSuffix(type)
                .orElseThrow(() -> new PgbkException(
                        ErrorCode.USAGE, "--type " + type + " is unknown", "Give full, diff or incr."));
        if (standby && ifPrimary) {
            throw new PgbkException(
                    ErrorCode.USAGE, "--standby and --if-primary exclude each other", "Give one of them.");
        }
        if (fromRepository && (wanted != BackupType.FULL || standby || ifPrimary)) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "--from-repository writes a full backup without a server",
                    "Leave --type, --standby and --if-primary out.");
        }
        Map<String, String> notes = AnnotateCommand.Annotations.parse(annotations);
        Configuration configuration = session.configuration();
        Repositories repositories = Repositories.of(session);
        ConsoleMonitor monitor = session.monitor();
        try (var repository = repositories.open(configuration.repository(session.repositoryName()))) {
            if (fromRepository) {
                return synthesise(configuration, repositories.cluster(repository), notes, monitor);
            }
            BackupRunner runner = new BackupRunner(
                    Server.config(configuration),
                    repositories.cluster(repository),
                    settings(configuration),
                    new BackupOrigin(Repositories.hostName(), Version.current()),
                    tails(configuration, repository, monitor));
            BackupOutcome outcome = runner.run(new BackupRequest(wanted, standby, ifPrimary, notes), monitor);
            monitor.finish();
            return switch (outcome) {
                case BackupOutcome.Taken taken -> taken(taken.result());
                case BackupOutcome.NothingToDo nothing -> nothing(nothing.reason());
            };
        } finally {
            monitor.finish();
        }
    }

    private int synthesise(
            Configuration configuration, ClusterCatalog cluster, Map<String, String> notes, ConsoleMonitor monitor) {
        SyntheticOutcome outcome = new SyntheticFull(
                        cluster,
                        new SyntheticFull.Settings(
                                configuration.parallel(), Duration.ZERO, Repositories.hostName(), Version.current()))
                .run(notes, monitor);
        monitor.finish();
        return switch (outcome) {
            case SyntheticOutcome.Written written -> taken(BackupResult.of(written));
            case SyntheticOutcome.NothingToDo(Label newest) ->
                nothing("the newest backup, " + newest + ", is a full backup that needs no other one");
        };
    }

    private static BackupSettings settings(Configuration configuration) {
        Settings settings = configuration.settings();
        return new BackupSettings(
                configuration.parallel(),
                settings.bytes("rate-limit").orElse(0L),
                settings.flag("page-checksums").orElseThrow(),
                settings.span("archive-deadline").orElseThrow(),
                Duration.ZERO);
    }

    private static PackTails tails(Configuration configuration, Repository repository, ConsoleMonitor monitor) {
        Settings settings = configuration.settings();
        return PackTailFiles.in(
                FileNames.fromText(settings.text("spool-directory").orElseThrow()),
                repository.id(),
                new ClusterName(configuration.cluster()),
                settings.bytes("digest-cache").orElseThrow(),
                monitor);
    }

    private int taken(BackupResult result) {
        List<String> text = new ArrayList<>();
        text.add("took " + result.label() + ", " + (result.type().startsWith("i") ? "an " : "a ") + result.type()
                + " backup, in "
                + Units.span(Duration.ofMillis((long) (result.seconds() * 1000))));
        if (result.parent() != null) {
            text.add("  built on " + result.parent());
        }
        if (result.synthesisedFrom() != null) {
            text.add("  written from the repository alone, with the state of " + result.synthesisedFrom());
        }
        if (result.fallbackReason() != null) {
            text.add("  full, not " + type + ": " + result.fallbackReason());
        }
        text.add("  " + Units.count(result.files(), "file", "files") + ", " + Units.bytes(result.databaseBytes())
                + " of data, " + Units.bytes(result.storedBytes()) + " stored");
        if (result.walSummaries() != null) {
            text.add("  " + Units.bytes(result.readBytes()) + " read; "
                    + (result.walSummaries().reason() == null
                            ? "WAL summaries spared "
                                    + Units.bytes(result.walSummaries().skippedBytes())
                            : "no WAL summaries used: " + result.walSummaries().reason()));
        }
        text.add("  timeline " + Integer.toUnsignedString(result.timeline()) + ", " + result.startLsn() + " to "
                + result.stopLsn() + ", " + Units.time(result.startTime()) + " to " + Units.time(result.stopTime()));
        session.console().answer(result, text);
        List<PageFailure> failures = result.pageErrors();
        if (failures.isEmpty()) {
            return 0;
        }
        session.console()
                .warn("the backup is listed, but "
                        + Units.count(failures.size(), "page fails its checksum", "pages fail their checksums")
                        + " in the live cluster");
        failures.stream()
                .limit(SHOWN_PAGE_ERRORS)
                .forEach(failure -> session.console().warn("  " + failure.file() + ", block " + failure.block()));
        return ErrorCode.PAGE_CHECKSUM.exit();
    }

    private int nothing(String reason) {
        session.console().answer(Map.of("skipped", reason), List.of("nothing to do: " + reason));
        return 0;
    }
}
