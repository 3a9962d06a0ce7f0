package io.pgbk.cli.check;

import io.pgbk.archiver.backup.BackupPreflight;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.cli.check.CheckReport.Check;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.info.LagInfo;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.cli.wiring.Server;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.server.PostgresConnection;
import io.pgbk.postgres.server.SameServer;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Goes the whole way of archiving and backup once, and notes for every step whether it works. */
public final class CheckRunner {
    private static final Duration LARGEST_SKEW = Duration.ofMinutes(5);
    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final Duration ARRIVAL = Duration.ofSeconds(60);

    /** A repository that is filled later may be behind for so long. */
    private static final Duration LONGEST_LAG = Duration.ofHours(1);

    private final Configuration configuration;
    private final ProcessContext process;
    private final TaskMonitor monitor;
    private final Duration patience;
    private final List<Check> checks = new ArrayList<>();

    public CheckRunner(Configuration configuration, ProcessContext process, TaskMonitor monitor) {
        this(configuration, process, monitor, ARRIVAL);
    }

    /** @param patience how long a switched segment may need until it is in the repository */
    public CheckRunner(Configuration configuration, ProcessContext process, TaskMonitor monitor, Duration patience) {
        this.configuration = configuration;
        this.process = process;
        this.monitor = monitor;
        this.patience = patience;
    }

    /**
     * Checks; what is wrong is in the report and not thrown.
     *
     * @throws PgbkException with code INTERRUPTED
     */
    public CheckReport run(List<ConfigurationRepository> places) {
        Optional<PostgresConnection> connection =
                attempt("postgres connection", () -> PostgresConnection.open(Server.config(configuration)));
        if (connection.isPresent()) {
            try (PostgresConnection open = connection.get()) {
                Optional<ServerFacts> facts = attempt("postgres facts", open::facts);
                facts.ifPresent(server -> server(open, server));
                places.forEach(place -> repository(place, Optional.of(open), facts));
            }
        } else {
            places.forEach(place -> repository(place, Optional.empty(), Optional.empty()));
        }
        boolean sound = checks.stream().allMatch(Check::ok);
        return new CheckReport(sound ? "sound" : "failed", List.copyOf(checks));
    }

    private void server(PostgresConnection connection, ServerFacts server) {
        attempt("data directory", () -> {
                    SameServer.prove(connection, server, configuration.requireDataDirectory());
                    return server;
                })
                .ifPresent(same -> passed(
                        "data directory",
                        "belongs to the server, PostgreSQL " + same.version()
                                + (same.inRecovery() ? ", a standby" : ", a primary")));
        attempt("postgres clock", () -> {
            clock("postgres clock", "this host", "the server", connection::currentTime);
            return server;
        });
        List<BackupPreflight.Finding> findings = BackupPreflight.check(server, server.inRecovery());
        findings.forEach(finding -> checks.add(
                new Check("setting " + finding.name(), !finding.fatal(), finding.message(), finding.hint())));
        if (findings.isEmpty()) {
            passed("settings", "archiving and backups are possible");
        }
    }

    private void repository(
            ConfigurationRepository place, Optional<PostgresConnection> connection, Optional<ServerFacts> facts) {
        monitor.checkCancelled();
        Repositories repositories = new Repositories(configuration, process);
        String name = "repository " + place.name();
        Optional<Repository> opened = attempt(name, () -> repositories.open(place));
        if (opened.isEmpty()) {
            return;
        }
        try (Repository repository = opened.get()) {
            passed(name, repository.displayName() + (repository.encrypted() ? ", encrypted" : ", NOT encrypted"));
            attempt(name + ", rights", () -> {
                missingKey(name, repository);
                return name;
            });
            repository
                    .store()
                    .objectLocking()
                    .ifPresent(locking -> attempt(name + ", object lock", () -> {
                        checks.add(LockCheck.of(name + ", object lock", locking));
                        return name;
                    }));
            attempt(name + ", versions", () -> {
                VersionsCheck.of(name + ", versions", repository.store().versioning())
                        .ifPresent(checks::add);
                return name;
            });
            attempt(name + ", default retention", () -> {
                repository
                        .store()
                        .defaultRetention()
                        .ifPresent(rule -> checks.add(LockCheck.defaultRetention(name + ", default retention", rule)));
                return name;
            });
            attempt(name + ", clock", () -> {
                clock(name + ", clock", "this host", "the store", repository.store()::currentTime);
                return name;
            });
            ClusterCatalog cluster = repositories.cluster(repository);
            facts.flatMap(server -> attempt(name + ", cluster", () -> cluster.incarnationOf(identity(server))))
                    .ifPresent(incarnation -> {
                        passed(name + ", cluster", "incarnation " + incarnation.number() + " is this server's");
                        if (!place.isRequired()) {
                            attempt(name + ", lag", () -> {
                                lag(name, place, repositories, cluster);
                                return name;
                            });
                            return;
                        }
                        connection.ifPresent(open -> attempt(name + ", archiving", () -> {
                            arrival(name, open, facts.orElseThrow(), cluster.wal(incarnation));
                            return name;
                        }));
                    });
        }
    }

    private static ServerIdentity identity(ServerFacts server) {
        return Server.identity(server);
    }

    /** The store must tell these credentials that a key is not there, or absence could never be proved. */
    private void missingKey(String name, Repository repository) {
        byte[] random = new byte[8];
        process.random().nextBytes(random);
        boolean absent = repository
                .store()
                .findLength("pgbk-check/" + HexFormat.of().formatHex(random))
                .isEmpty();
        repository.proveReadable();
        checks.add(new Check(
                name + ", rights",
                absent,
                absent ? "readable; a missing object is reported as missing" : "a key that nobody wrote exists",
                absent ? null : "The store does not tell the truth about missing objects; do not use it."));
    }

    /** Times of commits come from the server's clock, ages from this host's and the store's. */
    private void clock(String name, String here, String there, Supplier<Instant> other) {
        Instant before = process.clock().instant();
        Instant asked = other.get();
        Instant after = process.clock().instant();
        Duration ahead = asked.isBefore(before)
                ? Duration.between(before, asked)
                : asked.isAfter(after) ? Duration.between(after, asked) : Duration.ZERO;
        boolean right = ahead.abs().compareTo(LARGEST_SKEW) <= 0;
        checks.add(new Check(
                name,
                right,
                ahead.abs().toSeconds() == 0
                        ? "the clocks of " + here + " and " + there + " agree"
                        : "the clock of " + there + " is " + Units.span(ahead.abs())
                                + (ahead.isNegative() ? " behind" : " ahead of") + " that of " + here,
                right
                        ? null
                        : "Let NTP set the clocks: nothing is removed while they differ by more than five minutes, and"
                                + " targets in time are those of the server's clock."));
    }

    /** Switches to a new segment and waits until the finished one is in the repository. */
    private void arrival(String name, PostgresConnection connection, ServerFacts server, WalArchive wal) {
        if (server.inRecovery()) {
            passed(name + ", archiving", "not tried: a standby cannot switch WAL; check runs it on the primary");
            return;
        }
        connection.createRestorePoint("pgbk check");
        int timeline = connection.walPosition().timeline();
        Lsn end = connection.switchWal();
        WalSegmentName segment = WalSegmentName.of(timeline, end.plus(-1), server.walSegmentSize());
        WalFileName file = WalFileName.parse(segment.toString()).orElseThrow();
        long started = process.nanoTime().getAsLong();
        boolean there = wal.find(file).isPresent();
        while (!there && process.nanoTime().getAsLong() - started < patience.toNanos()) {
            monitor.checkCancelled();
            MonotonicTime.SYSTEM.pause(PAUSE);
            there = wal.find(file).isPresent();
        }
        long millis = (process.nanoTime().getAsLong() - started) / 1_000_000;
        checks.add(
                new Check(
                        name + ", archiving",
                        there,
                        there
                                ? segment + " arrived after " + millis + " ms"
                                : segment + " did not arrive within " + patience.toSeconds()
                                        + " s; archive_command is '"
                                        + server.archiving().command() + "'",
                        there
                                ? null
                                : "Look into PostgreSQL's log and pg_stat_archiver; archive_command = 'pgbk archive-push %p'."));
    }

    /** Nobody waits for a segment in a repository that is filled later; it must not be behind for long. */
    private void lag(String name, ConfigurationRepository place, Repositories repositories, ClusterCatalog cluster) {
        LagInfo lag = LagInfo.of(configuration, repositories, place, cluster);
        if (lag == null) {
            return;
        }
        Instant now = process.clock().instant();
        Instant since = lag.since();
        boolean ok = lag.error() == null && (since == null || since.isAfter(now.minus(LONGEST_LAG)));
        checks.add(new Check(
                name + ", lag",
                ok,
                lag.text(now),
                ok ? null : "`pgbk wal backfill --to " + place.name() + "` fills it, and says what keeps it behind."));
    }

    private void passed(String name, String message) {
        checks.add(new Check(name, true, message, null));
    }

    /** The result; a failure becomes a check that failed. */
    private <T> Optional<T> attempt(String name, Supplier<T> work) {
        try {
            return Optional.of(work.get());
        } catch (PgbkException e) {
            monitor.checkCancelled();
            checks.add(new Check(name, false, String.valueOf(e.getMessage()), e.hint()));
            return Optional.empty();
        }
    }
}
