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
import io.pgbk.restore.run.RestoreReport;
import io.pgbk.restore.run.RestoreRequest;
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
            completionCandidates = Words.Actions.class,
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
            completionCandidates = Words.Archiving.class,
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
            String repository,
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
        try (RestoreSources sources = new RestoreSources(session, monitor)) {
            RestoreSources.Source source = sources.prepare(request);
            if (dryRun) {
                monitor.finish();
                Answer answer = answer(source, 0, 0, 0, 0);
                session.console().answer(answer, answer.plan());
            } else {
                done(sources.run(source, request), monitor);
            }
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
        refuseLineBreak("--primary-conninfo", primaryConnection);
        refuseLineBreak("--data-directory", dataDirectory == null ? null : dataDirectory.toString());
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

    /** It would become a setting, and PostgreSQL's configuration files have no line breaks in values. */
    private static void refuseLineBreak(String option, @Nullable String text) {
        if (text != null && text.chars().anyMatch(c -> c == '\n' || c == '\r')) {
            throw new PgbkException(ErrorCode.USAGE, "the value of " + option + " has a line break", "Write one line.");
        }
    }

    private void done(RestoreSources.Restored restored, ConsoleMonitor monitor) {
        monitor.finish();
        RestoreReport report = restored.report();
        RestorePlan plan = report.plan();
        double seconds = report.duration().toMillis() / 1000.0;
        List<String> text = new ArrayList<>();
        text.add("restored " + plan.label() + " from repository "
                + restored.source().place().name() + " to " + FileNames.display(plan.dataDirectory()) + " in "
                + Units.span(report.duration().isNegative() ? Duration.ZERO : report.duration()));
        text.add("  " + Units.count(report.files(), "file", "files") + ", " + Units.bytes(report.bytesWritten())
                + " written, " + Units.bytes(report.bytesFetched()) + " fetched");
        text.add("  PostgreSQL recovers to " + plan.recovery().requested().describe() + " on timeline "
                + Integer.toUnsignedString(plan.recovery().timeline()) + " when it is started; archiving: "
                + plan.archiving().id());
        session.console()
                .answer(
                        answer(
                                restored.source(),
                                report.files(),
                                report.bytesWritten(),
                                report.bytesFetched(),
                                seconds),
                        text);
    }

    private Answer answer(RestoreSources.Source source, long files, long written, long fetched, double seconds) {
        RestorePlan plan = source.plan();
        List<String> lines = new ArrayList<>();
        lines.add("repository:     " + source.place().name() + ", "
                + source.cluster().repository().displayName());
        lines.addAll(plan.describe());
        return new Answer(
                plan.label().value(),
                source.place().name(),
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
                lines);
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
