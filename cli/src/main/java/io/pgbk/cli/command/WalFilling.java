package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.copy.WalBackfill;
import io.pgbk.catalog.repository.copy.WalLag;
import io.pgbk.catalog.repository.wal.WalGap;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.info.LagInfo;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.ErrorReport;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What {@code pgbk wal backfill} does: fills repositories from others, as far as those have what is missing. */
final class WalFilling {
    private final Session session;
    private final boolean compare;
    private final boolean dryRun;
    private final List<Fill> fills = new ArrayList<>();
    private final List<PgbkException> failures = new ArrayList<>();

    private record Gap(int incarnation, int timeline, String from, String to) {}

    private record Failure(String code, String message) {}

    /** One repository filled from one other. */
    private record Fill(
            String from,
            String to,
            LagInfo lag,
            List<Gap> gaps,
            long files,
            long bytes,
            long compared,
            List<Failure> failures) {}

    private record Answer(String cluster, boolean dryRun, List<Fill> fills, double seconds) {}

    WalFilling(Session session, boolean compare, boolean dryRun) {
        this.session = session;
        this.compare = compare;
        this.dryRun = dryRun;
    }

    /**
     * Fills and answers.
     *
     * @param from the only repository to fill from; empty for every required one, in their order
     * @param to the only repository to fill; empty for every one with {@code wal: repaired}
     * @return the exit code: of the first thing that could not be filled
     */
    int run(Optional<String> from, Optional<String> to) {
        Configuration configuration = session.configuration();
        List<ConfigurationRepository> targets = targets(configuration, to);
        long began = session.process().nanoTime().getAsLong();
        ConsoleMonitor monitor = session.monitor();
        try {
            for (ConfigurationRepository target : targets) {
                fill(configuration, sources(configuration, from, target), target, monitor);
            }
        } finally {
            monitor.finish();
        }
        Duration time = Duration.ofNanos(session.process().nanoTime().getAsLong() - began);
        Instant now = session.process().clock().instant();
        List<String> text = new ArrayList<>();
        fills.forEach(fill -> text.addAll(lines(fill, now)));
        session.console()
                .answer(
                        new Answer(configuration.cluster(), dryRun, List.copyOf(fills), time.toMillis() / 1000.0),
                        text);
        failures.forEach(failure -> ErrorReport.of(failure).print(session.console()));
        return failures.isEmpty() ? 0 : failures.getFirst().code().exit();
    }

    private static List<ConfigurationRepository> targets(Configuration configuration, Optional<String> to) {
        if (to.isPresent()) {
            return List.of(configuration.repository(to));
        }
        List<ConfigurationRepository> repaired = configuration.repositories().stream()
                .filter(place -> !place.isRequired())
                .toList();
        if (repaired.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "no repository has wal: repaired",
                    "Name the one to fill: --to NAME. A required one lacks WAL only when it was added later.");
        }
        return repaired;
    }

    private static List<ConfigurationRepository> sources(
            Configuration configuration, Optional<String> from, ConfigurationRepository target) {
        if (from.isPresent()) {
            return List.of(configuration.repository(from));
        }
        List<ConfigurationRepository> required = configuration.repositories().stream()
                .filter(ConfigurationRepository::isRequired)
                .filter(place -> place.index() != target.index())
                .toList();
        if (required.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "there is no other required repository to fill " + target.name() + " from",
                    "Name one: --from NAME.");
        }
        return required;
    }

    private void fill(
            Configuration configuration,
            List<ConfigurationRepository> sources,
            ConfigurationRepository place,
            ConsoleMonitor monitor) {
        Repositories repositories = Repositories.of(session);
        try (Repository target = repositories.open(place)) {
            for (ConfigurationRepository source : sources) {
                try (Repository complete = repositories.open(source)) {
                    WalBackfill.Report report = new WalBackfill(
                                    repositories.cluster(complete), repositories.cluster(target))
                            .run(new WalBackfill.Request(compare, configuration.parallel(), dryRun), monitor);
                    failures.addAll(report.failures());
                    fills.add(fill(source.name(), place.name(), report));
                } catch (PgbkException e) {
                    failed(e);
                }
            }
        } catch (PgbkException e) {
            failed(e);
        }
    }

    /** One that fails keeps no other from being filled. */
    private void failed(PgbkException failure) {
        if (failure.code() == ErrorCode.INTERRUPTED || failure.code() == ErrorCode.USAGE) {
            throw failure;
        }
        failures.add(failure);
    }

    private static Fill fill(String from, String to, WalBackfill.Report report) {
        return new Fill(
                from,
                to,
                LagInfo.of(from, report.before()),
                gaps(report.before()),
                report.files(),
                report.bytes(),
                report.compared(),
                report.failures().stream()
                        .map(failure -> new Failure(failure.code().id(), String.valueOf(failure.getMessage())))
                        .toList());
    }

    private static List<Gap> gaps(WalLag lag) {
        List<Gap> gaps = new ArrayList<>();
        for (WalLag.TimelineLag one : lag.timelines()) {
            for (WalGap gap : one.gaps()) {
                gaps.add(new Gap(
                        one.incarnation(),
                        one.timeline(),
                        gap.from().toString(),
                        gap.to().toString()));
            }
        }
        return gaps;
    }

    private List<String> lines(Fill fill, Instant now) {
        List<String> lines = new ArrayList<>();
        lines.add("repository " + fill.to() + ": " + fill.lag().text(now));
        if (dryRun) {
            fill.gaps()
                    .forEach(gap ->
                            lines.add("  " + gap.from() + (gap.from().equals(gap.to()) ? "" : " to " + gap.to())));
            return lines;
        }
        lines.add("  " + Units.count(fill.files(), "file", "files") + " filled from repository " + fill.from() + ", "
                + Units.bytes(fill.bytes())
                + (compare ? ", " + Units.count(fill.compared(), "segment", "segments") + " compared" : ""));
        return lines;
    }
}
