package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.verify.ReadCoverage;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk verify}. */
@Command(
        name = "verify",
        description = {
            "Reads back what the repositories hold of the cluster and checks it: objects, manifests, continuity of the WAL.",
            "Exit code 1 when something is damaged or missing; the verdict is recorded on each backup."
        })
public final class VerifyCommand implements Callable<Integer> {
    private final Session session;

    @Option(names = "--backup", paramLabel = "LABEL", description = "Only this backup and the WAL that it needs.")
    private @Nullable String backup;

    @Option(
            names = "--sample",
            paramLabel = "PERCENT",
            description =
                    "How much of the data is read; presence, lengths and manifests are always checked. Runs one after the"
                            + " other read different parts, so that 10 runs with 10 read everything. All by default.")
    private double samplePercent = 100;

    VerifyCommand(Session session) {
        this.session = session;
    }

    private record FoundAnswer(
            String kind, String object, Optional<String> backup, String repository, String message) {}

    private record CoverageAnswer(
            int days, double percent, @Nullable Instant wholeSince) {}

    private record PlaceAnswer(
            String name,
            String verdict,
            long objectsChecked,
            long bytesChecked,
            double sampleFrom,
            CoverageAnswer coverage) {}

    private record Answer(
            String verdict,
            double samplePercent,
            long objectsChecked,
            long bytesChecked,
            List<FoundAnswer> findings,
            List<PlaceAnswer> repositories) {}

    private record Verified(ConfigurationRepository place, VerifyReport report) {}

    @Override
    public Integer call() {
        if (!(samplePercent > 0 && samplePercent <= 100)) {
            throw new PgbkException(
                    ErrorCode.USAGE, "--sample " + samplePercent + " is not more than 0 and at most 100", null);
        }
        Configuration configuration = session.configuration();
        Optional<Label> label = Optional.ofNullable(backup).map(Label::require);
        VerifyRequest request = new VerifyRequest(label, samplePercent, configuration.parallel());
        ConsoleMonitor monitor = session.monitor();
        List<Verified> verified = new ArrayList<>();
        List<PgbkException> failures = new ArrayList<>();
        try {
            for (ConfigurationRepository place : configuration.selected(session.repositoryName())) {
                try {
                    verified.add(new Verified(place, verify(place, request, monitor)));
                } catch (PgbkException e) {
                    if (e.code() == ErrorCode.INTERRUPTED) {
                        throw e;
                    }
                    failures.add(e);
                }
            }
        } finally {
            monitor.finish();
        }
        if (!verified.isEmpty() && label.isPresent()) {
            // A backup lies in one repository; that others do not list it is no failure.
            failures.removeIf(failure -> failure.code() == ErrorCode.NO_FITTING_BACKUP);
        }
        if (verified.isEmpty()) {
            throw failures.getFirst();
        }
        BackupEvent.Verdict verdict = tell(verified);
        failures.forEach(failure -> ErrorReport.of(failure).print(session.console()));
        if (verdict != BackupEvent.Verdict.SOUND) {
            return ErrorCode.NEGATIVE_VERDICT.exit();
        }
        return failures.isEmpty() ? 0 : failures.getFirst().code().exit();
    }

    private VerifyReport verify(ConfigurationRepository place, VerifyRequest request, ConsoleMonitor monitor) {
        Repositories repositories = Repositories.of(session);
        try (Repository repository = repositories.open(place)) {
            return new VerifyRunner(
                            repositories.cluster(repository), session.process().random())
                    .run(request, monitor);
        }
    }

    private BackupEvent.Verdict tell(List<Verified> verified) {
        List<PlaceAnswer> places = new ArrayList<>();
        List<FoundAnswer> findings = new ArrayList<>();
        List<String> text = new ArrayList<>();
        for (Verified one : verified) {
            String name = one.place().name();
            VerifyReport report = one.report();
            ReadCoverage coverage = report.coverage();
            places.add(new PlaceAnswer(
                    name,
                    report.verdict().id(),
                    report.objectsChecked(),
                    report.bytesChecked(),
                    report.arc().fromPercent(),
                    new CoverageAnswer(
                            coverage.days(),
                            coverage.percent(),
                            coverage.wholeSince().orElse(null))));
            text.add((verified.size() == 1 ? "" : "repository " + name + " ")
                    + report.verdict().id() + ": " + Units.count(report.objectsChecked(), "object", "objects") + ", "
                    + Units.bytes(report.bytesChecked()) + " checked");
            if (!report.arc().isWhole()) {
                text.add("  a sample of " + percent(report.samplePercent()) + "; of each backup at least "
                        + percent(coverage.percent()) + " read in the last " + coverage.days() + " days, "
                        + coverage.wholeSince()
                                .map(since -> "all of it since " + Units.time(since))
                                .orElse("not all of it yet"));
            }
            for (Finding finding : report.findings()) {
                findings.add(new FoundAnswer(
                        finding.kind().id(),
                        finding.object(),
                        finding.backup().map(Label::value),
                        name,
                        finding.message()));
                text.add("  " + finding.kind().id() + "  " + finding.object()
                        + finding.backup().map(label -> "  (" + label + ")").orElse("") + ": " + finding.message());
            }
        }
        BackupEvent.Verdict verdict = worst(verified);
        session.console()
                .answer(
                        new Answer(
                                verdict.id(),
                                samplePercent,
                                verified.stream()
                                        .mapToLong(one -> one.report().objectsChecked())
                                        .sum(),
                                verified.stream()
                                        .mapToLong(one -> one.report().bytesChecked())
                                        .sum(),
                                findings,
                                places),
                        text);
        return verdict;
    }

    private static String percent(double value) {
        // Rounded down: what was not read is never called read.
        return BigDecimal.valueOf(value)
                        .setScale(1, RoundingMode.FLOOR)
                        .stripTrailingZeros()
                        .toPlainString()
                + " %";
    }

    private static BackupEvent.Verdict worst(List<Verified> verified) {
        List<BackupEvent.Verdict> verdicts =
                verified.stream().map(one -> one.report().verdict()).toList();
        return Stream.of(BackupEvent.Verdict.DAMAGED, BackupEvent.Verdict.GAPS)
                .filter(verdicts::contains)
                .findFirst()
                .orElse(BackupEvent.Verdict.SOUND);
    }
}
