package io.pgbk.cli.command;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk verify}. */
@Command(
        name = "verify",
        description = {
            "Reads back what the repository holds of the cluster and checks it: objects, manifests, continuity of the WAL.",
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
                    "How much of the data is read; presence, lengths and manifests are always checked. All by default.")
    private double samplePercent = 100;

    VerifyCommand(Session session) {
        this.session = session;
    }

    private record FoundAnswer(String kind, String object, Optional<String> backup, String message) {}

    private record Answer(
            String verdict, double samplePercent, long objectsChecked, long bytesChecked, List<FoundAnswer> findings) {}

    @Override
    public Integer call() {
        if (!(samplePercent > 0 && samplePercent <= 100)) {
            throw new PgbkException(
                    ErrorCode.USAGE, "--sample " + samplePercent + " is not more than 0 and at most 100", null);
        }
        Optional<Label> label = Optional.ofNullable(backup).map(Label::require);
        VerifyRequest request =
                new VerifyRequest(label, samplePercent, session.configuration().parallel());
        ConsoleMonitor monitor = session.monitor();
        VerifyReport report;
        try {
            report = WithRepository.cluster(
                    session,
                    cluster -> new VerifyRunner(cluster, session.process().random()).run(request, monitor));
        } finally {
            monitor.finish();
        }
        List<FoundAnswer> findings = report.findings().stream()
                .map(finding ->
                        new FoundAnswer(finding.kind().id(), finding.object(), finding.backup(), finding.message()))
                .toList();
        List<String> text = new ArrayList<>();
        text.add(report.verdict().id() + ": " + Units.count(report.objectsChecked(), "object", "objects") + ", "
                + Units.bytes(report.bytesChecked()) + " checked");
        findings.forEach(finding -> text.add("  " + finding.kind() + "  " + finding.object()
                + finding.backup().map(name -> "  (" + name + ")").orElse("") + ": " + finding.message()));
        session.console()
                .answer(
                        new Answer(
                                report.verdict().id(),
                                report.samplePercent(),
                                report.objectsChecked(),
                                report.bytesChecked(),
                                findings),
                        text);
        return report.verdict() == BackupEvent.Verdict.SOUND ? 0 : ErrorCode.NEGATIVE_VERDICT.exit();
    }
}
