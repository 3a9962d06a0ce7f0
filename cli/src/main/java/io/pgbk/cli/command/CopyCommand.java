package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.copy.CopyReport;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk copy}. */
@Command(
        name = "copy",
        description = {
            "Copies the cluster's backups and WAL from one repository into another, for an off-site or offline copy: what the other one lacks, the newest backup first, under the other one's key.",
            "Everything that is read is checked. A copy that was interrupted goes on when the command runs again. Backups that the first one no longer keeps stay in the other."
        })
public final class CopyCommand implements Callable<Integer> {
    private final Session session;

    @Option(names = "--from", paramLabel = "NAME", required = true, description = "The repository to read.")
    private String from = "";

    @Option(names = "--to", paramLabel = "NAME", required = true, description = "The repository to fill.")
    private String to = "";

    @Option(
            names = "--backup",
            paramLabel = "LABEL",
            description = "Only this backup, those that it is built on, and the WAL that they need.")
    private @Nullable String backup;

    @Option(names = "--dry-run", description = "Says which backups would be copied, and copies nothing.")
    private boolean dryRun;

    CopyCommand(Session session) {
        this.session = session;
    }

    private record BackupAnswer(String label, String state, int packs, long bytes, Optional<String> reason) {}

    private record Answer(
            String from,
            String to,
            List<BackupAnswer> backups,
            long walSegments,
            long bytes,
            double seconds,
            boolean dryRun) {}

    @Override
    public Integer call() {
        Configuration configuration = session.configuration();
        RepositoryCopy.Request request = new RepositoryCopy.Request(
                Optional.ofNullable(backup).map(Label::require), configuration.parallel(), dryRun);
        Repositories repositories = Repositories.of(session);
        ConsoleMonitor monitor = session.monitor();
        long began = session.process().nanoTime().getAsLong();
        CopyReport report;
        try (Repository source = repositories.open(configuration.repository(Optional.of(from)));
                Repository target = repositories.open(configuration.repository(Optional.of(to)))) {
            report = new RepositoryCopy(repositories.cluster(source), repositories.cluster(target))
                    .run(request, monitor);
        } finally {
            monitor.finish();
        }
        tell(report, Duration.ofNanos(session.process().nanoTime().getAsLong() - began));
        report.failures().forEach(failure -> ErrorReport.of(failure).print(session.console()));
        return report.failures().isEmpty()
                ? 0
                : report.failures().getFirst().code().exit();
    }

    private void tell(CopyReport report, Duration time) {
        List<String> text = new ArrayList<>();
        List<BackupAnswer> backups = new ArrayList<>();
        for (CopyReport.CopiedBackup one : report.backups()) {
            backups.add(
                    new BackupAnswer(one.label().value(), one.state().id(), one.packs(), one.bytes(), one.reason()));
            text.add(
                    switch (one.state()) {
                        case COPIED -> "copied " + one.label() + ", " + Units.bytes(one.bytes());
                        case PLANNED -> "would copy " + one.label() + ", " + Units.bytes(one.bytes());
                        case FAILED ->
                            "could not copy " + one.label() + ": "
                                    + one.reason().orElse("");
                    });
        }
        if (report.backups().isEmpty() && report.failures().isEmpty()) {
            text.add("repository " + to + " has every backup already");
        }
        if (!dryRun) {
            text.add(Units.count(report.walSegments(), "WAL file", "WAL files") + " copied to repository " + to + ", "
                    + Units.bytes(report.bytes()) + " in " + Units.span(time));
        }
        session.console()
                .answer(
                        new Answer(
                                from,
                                to,
                                backups,
                                report.walSegments(),
                                report.bytes(),
                                time.toMillis() / 1000.0,
                                dryRun),
                        text);
    }
}
