package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.StoredPolicies;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.cli.wiring.RetentionSettings;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pgbk expire}. */
@Command(
        name = "expire",
        description = {
            "Removes the backups that the retention policy in the repository no longer keeps, and what backups that died left. Each backup is listed with the reason why it stays or goes.",
            "A backup that stays only because newer ones use a little of its data (compact-below) is emptied first: what they use is stored anew under the oldest of them, and the backup goes like any other.",
            "Nobody may begin to use a backup that goes; its data goes with the first run after the grace period. Refuses when the configuration says another policy than the repository: see pgbk retention."
        })
public final class ExpireCommand implements Callable<Integer> {
    private final Session session;

    @Option(names = "--dry-run", description = "Says what would go and why, and writes nothing.")
    private boolean dryRun;

    ExpireCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Configuration configuration = session.configuration();
        ConfigurationRepository place = configuration.repository(session.repositoryName());
        Repositories repositories = Repositories.of(session);
        ConsoleMonitor monitor = session.monitor();
        try (Repository repository = repositories.open(place)) {
            RetentionPolicy policy = requireSame(repository, place, RetentionSettings.of(configuration, place));
            ClusterCatalog cluster = repositories.cluster(repository);
            Expiry expiry = new Expiry(cluster, policy, place.compactPercent(), monitor);
            ExpireReport report = dryRun ? expiry.dryRun() : expiry.run();
            ExpireAnswer answer = ExpireAnswer.of(cluster, report, dryRun);
            session.console().answer(answer, answer.text());
        } finally {
            monitor.finish();
        }
        return 0;
    }

    /** An older configuration on one host, or a slip in it, must not remove what the others keep. */
    private static RetentionPolicy requireSame(
            Repository repository, ConfigurationRepository place, RetentionPolicy configured) {
        Optional<StoredPolicies.Stored> stored = new StoredPolicies(repository).newest();
        if (stored.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "repository " + place.name() + " has no retention policy, so nothing expires",
                    "Write \"retention\" into the configuration of the repository and run `pgbk retention set`.");
        }
        RetentionPolicy policy = stored.get().policy();
        if (!policy.equals(configured)) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "the configuration says another retention policy than repository " + place.name() + ": "
                            + String.join("; ", PolicyText.differences(policy, configured)),
                    "Correct the configuration, or put its policy into the repository with `pgbk retention set`.");
        }
        return policy;
    }
}
