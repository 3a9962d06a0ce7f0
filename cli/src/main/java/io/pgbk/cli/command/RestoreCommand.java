package io.pgbk.cli.command;

import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.RestoreCommandLine;
import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.run.Archiving;
import io.pgbk.restore.run.RecoveryRole;
import io.pgbk.restore.run.RestorePlan;
import io.pgbk.restore.run.RestorePreparation;
import io.pgbk.restore.run.RestoreReport;
import io.pgbk.restore.run.RestoreRequest;
import io.pgbk.restore.run.RestoreRunner;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pgbk restore}. */
@Command(
        name = "restore",
        description = {
            "Restores the cluster to a moment; without a target to the end of the archive.",
            "The backup is chosen for the target. Everything that can be checked is checked before the first byte is written."
        })
public final class RestoreCommand implements Callable<Integer> {
    private final Session session;

    @Option(
            names = "--backup",
            paramLabel = "LABEL",
            description = "The backup to start from, instead of the best one.")
    private @Nullable String backup;

    @Mixin
    private RestoreTarget target = new RestoreTarget();

    @Option(
            names = "--target-timeline",
            paramLabel = "T",
            description = "latest, current (the backup's) or a number; else the line on which the target lies.")
    private @Nullable String timeline;

    @Option(
            names = "--target-action",
            paramLabel = "pause|promote|shutdown",
            description = "What PostgreSQL does at the target; it pauses by default.")
    private String action = "pause";

    @Option(names = "--data-directory", paramLabel = "D", description = "Where to restore; else the configured one.")
    private @Nullable Path dataDirectory;

    @Option(
            names = "--tablespace",
            paramLabel = "OLD=NEW",
            description = "Puts a tablespace (its path or oid) elsewhere; may be repeated.")
    private List<String> tablespaces = List.of();

    @Option(names = "--delta", description = "Keeps what is right already in the directory, and removes what is not.")
    private boolean delta;

    @Option(names = "--standby", description = "Makes a standby, which follows the archive.")
    private boolean standby;

    @Option(
            names = "--primary-conninfo",
            paramLabel = "CONNINFO",
            description = "With --standby: the primary to stream from; without a password, use a passfile.")
    private @Nullable String primaryConnection;

    @Option(
            names = "--archiving",
            paramLabel = "continue|off",
            description = "Whether the restored server archives; continue only by default in the configured directory.")
    private @Nullable String archiving;

    @Option(names = "--dry-run", description = "Plans and checks everything, shows the plan and writes nothing.")
    private boolean dryRun;

    RestoreCommand(Session session) {
        this.session = session;
    }

    private record TargetAnswer(String kind, @Nullable String value) {}

    private record Answer(
            String label,
            TargetAnswer target,
            int timeline,
            String dataDirectory,
            long files,
            long bytesWritten,
            long bytesFetched,
            String archiving,
            double seconds,
            boolean dryRun,
            List<String> plan) {}

    @Override
    public Integer call() {
        RestoreRequest request = request();
        ConsoleMonitor monitor = session.monitor();
        try {
            WithRepository.cluster(session, cluster -> {
                RestorePlan plan = new RestorePreparation(
                                cluster, request, session.process().clock(), monitor)
                        .prepare();
                if (dryRun) {
                    monitor.finish();
                    session.console().answer(answer(plan, 0, 0, 0, 0), plan.describe());
                } else {
                    plan.notes().forEach(monitor::warn);
                    done(new RestoreRunner(cluster, session.process().clock()).run(plan, monitor), monitor);
                }
                return plan;
            });
        } finally {
            monitor.finish();
        }
        return 0;
    }

    private RestoreRequest request() {
        if (primaryConnection != null && !standby) {
            throw new PgbkException(ErrorCode.USAGE, "--primary-conninfo needs --standby", "Give both or none.");
        }
        if (primaryConnection != null
                && primaryConnection.toLowerCase(Locale.ROOT).matches("(?s).*\\bpassword\\s*=.*")) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "a secret is not taken from the command line: password in --primary-conninfo",
                    "Use passfile=... and put the password there.");
        }
        Configuration configuration = session.configuration();
        Path directory = dataDirectory == null
                ? configuration.requireDataDirectory()
                : session.process().workingDirectory().resolve(dataDirectory).normalize();
        boolean configured = configuration
                .dataDirectory()
                .filter(place -> place.normalize().equals(directory))
                .isPresent();
        return new RestoreRequest(
                new RestoreGoal(
                        target.read(session),
                        timeline == null ? new TimelineChoice.Automatic() : TimelineChoice.parse(timeline),
                        Optional.ofNullable(backup)),
                directory,
                configured,
                tablespaces.stream()
                        .map(text -> TablespaceMapping.parse(
                                new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)))
                        .toList(),
                delta,
                standby
                        ? new RecoveryRole.Standby(Optional.ofNullable(primaryConnection))
                        : new RecoveryRole.Recovery(),
                word(TargetAction.class, "--target-action", action),
                Optional.ofNullable(archiving).map(text -> word(Archiving.class, "--archiving", text)),
                RestoreCommandLine.of(session),
                OptionalInt.empty(),
                configuration.parallel());
    }

    private void done(RestoreReport report, ConsoleMonitor monitor) {
        monitor.finish();
        RestorePlan plan = report.plan();
        double seconds = report.duration().toMillis() / 1000.0;
        List<String> text = new ArrayList<>();
        text.add("restored " + plan.label() + " to " + FileNames.display(plan.dataDirectory()) + " in "
                + Units.span(report.duration().isNegative() ? Duration.ZERO : report.duration()));
        text.add("  " + Units.count(report.files(), "file", "files") + ", " + Units.bytes(report.bytesWritten())
                + " written, " + Units.bytes(report.bytesFetched()) + " fetched");
        text.add("  PostgreSQL recovers to " + plan.recovery().requested().describe() + " on timeline "
                + Integer.toUnsignedString(plan.recovery().timeline()) + " when it is started; archiving: "
                + plan.archiving().id());
        session.console()
                .answer(answer(plan, report.files(), report.bytesWritten(), report.bytesFetched(), seconds), text);
    }

    private Answer answer(RestorePlan plan, long files, long written, long fetched, double seconds) {
        return new Answer(
                plan.label().value(),
                new TargetAnswer(
                        plan.recovery().requested().kind(),
                        plan.recovery().requested().value()),
                plan.recovery().timeline(),
                FileNames.display(plan.dataDirectory()),
                dryRun ? plan.files() : files,
                written,
                fetched,
                plan.archiving().id(),
                seconds,
                dryRun,
                plan.describe());
    }

    private static <E extends Enum<E>> E word(Class<E> type, String option, String text) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(text)) {
                return constant;
            }
        }
        String words = java.util.Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .collect(java.util.stream.Collectors.joining(", "));
        throw new PgbkException(ErrorCode.USAGE, option + " " + text + " is unknown", "Known are " + words + ".");
    }
}
