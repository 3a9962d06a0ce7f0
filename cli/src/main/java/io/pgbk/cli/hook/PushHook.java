package io.pgbk.cli.hook;

import io.pgbk.archiver.push.PushReport;
import io.pgbk.archiver.push.PushRequest;
import io.pgbk.archiver.push.PushRunner;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.archiver.push.RepairedMarks;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.Console;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.postgres.files.FileNames;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** {@code pgbk archive-push}: puts one WAL file into every repository. */
final class PushHook {
    private PushHook() {}

    static HookResult run(HookCall call, Session session) {
        Configuration configuration = session.configuration();
        Repositories repositories = new Repositories(configuration, session.process());
        ConcurrentLinkedQueue<Repository> opened = new ConcurrentLinkedQueue<>();
        try {
            // Always all: whoever narrowed archive_command to one repository would be told "archived" without the
            // others.
            List<PushTarget> targets = configuration.repositories().stream()
                    .map(place ->
                            new PushTarget(place.name(), place.isRequired(), () -> open(repositories, place, opened)))
                    .toList();
            PushRequest request = new PushRequest(
                    call.operands().getFirst(),
                    session.process().workingDirectory(),
                    configuration.dataDirectory().orElse(null));
            PushReport report = new PushRunner(
                            targets,
                            configuration.settings().span("archive-deadline").orElseThrow(),
                            session.process().nanoTime(),
                            marks(session))
                    .push(
                            request,
                            new HookMonitor(session.console(), session.process().stop()));
            tell(report, session.console());
            return new HookResult.Done();
        } finally {
            opened.forEach(Repository::close);
        }
    }

    /** What earlier calls of this server remember; nothing is read when every repository is required. */
    private static RepairedMarks marks(Session session) {
        Configuration configuration = session.configuration();
        if (configuration.repositories().stream().allMatch(ConfigurationRepository::isRequired)) {
            return RepairedMarks.none();
        }
        return RepairedMarks.in(
                FileNames.fromText(
                        configuration.settings().text("spool-directory").orElseThrow()),
                configuration.dataDirectory().orElse(session.process().workingDirectory()),
                session.process().clock());
    }

    private static ClusterCatalog open(
            Repositories repositories, ConfigurationRepository place, ConcurrentLinkedQueue<Repository> opened) {
        ClusterCatalog cluster = repositories.openCluster(place);
        opened.add(cluster.repository());
        return cluster;
    }

    private static void tell(PushReport report, Console console) {
        for (PushReport.TargetResult target : report.targets()) {
            switch (target) {
                case PushReport.TargetResult.Archived archived ->
                    console.debug(report.name() + " in " + archived.repository() + ": " + describe(archived.outcome()));
                case PushReport.TargetResult.Postponed postponed ->
                    console.warn(report.name() + " is not in " + postponed.repository() + " yet: "
                            + postponed.failure().getMessage());
                case PushReport.TargetResult.Resting resting ->
                    console.debug(report.name() + " is not in " + resting.repository()
                            + " yet: it failed a moment ago and is filled later");
            }
        }
    }

    private static String describe(PutWalOutcome outcome) {
        return switch (outcome) {
            case PutWalOutcome.Stored stored -> "stored, " + stored.storedBytes() + " bytes";
            case PutWalOutcome.AlreadyIdentical _ -> "already there with the same content";
            case PutWalOutcome.KeptBeside kept ->
                "kept beside the one that is there" + (kept.newIsLonger() ? ", delivered from now on" : "");
            case PutWalOutcome.Conflict conflict -> "conflict: " + conflict.reason();
            case PutWalOutcome.HistoryConflict _ -> "conflict: another history";
        };
    }
}
