package io.pgbk.cli.command;

import io.pgbk.cli.check.CheckReport;
import io.pgbk.cli.check.CheckRunner;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code pgbk check}. */
@Command(
        name = "check",
        description = {
            "Proves the whole way: configuration, connection, settings, storage rights, clocks, and a WAL switch that arrives.",
            "Exit code 1 when something is not as it must be. On a standby the parts that apply are checked."
        })
public final class CheckCommand implements Callable<Integer> {
    private final Session session;

    CheckCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Configuration configuration = session.configuration();
        SecretFiles.readAll(configuration.settings());
        ConsoleMonitor monitor = session.monitor();
        CheckReport report = new CheckRunner(configuration, session.process(), monitor)
                .run(configuration.selected(session.repositoryName()));
        List<String> text = new ArrayList<>();
        for (CheckReport.Check check : report.checks()) {
            text.add((check.ok() ? "ok      " : "FAILED  ") + check.name() + ": " + check.message());
            if (check.hint() != null) {
                text.add("        hint: " + check.hint());
            }
        }
        session.console().answer(report, text);
        return report.checks().stream().allMatch(CheckReport.Check::ok) ? 0 : ErrorCode.NEGATIVE_VERDICT.exit();
    }
}
