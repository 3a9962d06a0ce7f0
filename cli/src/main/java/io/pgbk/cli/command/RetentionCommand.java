package io.pgbk.cli.command;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.StoredPolicies;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.ConsoleMonitor;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.process.Session;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.cli.wiring.RetentionSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** {@code pgbk retention}. */
@Command(
        name = "retention",
        description = "Looks after the retention policy: the one in the repository holds, for every host.")
public final class RetentionCommand {
    private final Session session;

    RetentionCommand(Session session) {
        this.session = session;
    }

    private record ShowAnswer(
            String repository,
            PolicyText.@Nullable InRepository stored,
            PolicyText.Rules configured,
            boolean same,
            List<String> differences) {}

    private record SetAnswer(
            String repository,
            int number,
            boolean changed,
            PolicyText.Rules policy,
            List<String> differences,
            ExpireAnswer plan) {}

    @Command(
            name = "show",
            description = "Shows the policy in the repository, the configured one, and what differs between them.")
    int show() {
        return with((configuration, place, repository, configured) -> {
            Optional<StoredPolicies.Stored> stored = new StoredPolicies(repository).newest();
            List<String> differences = stored.map(there -> PolicyText.differences(there.policy(), configured))
                    .orElse(List.of());
            boolean same = stored.isPresent() && differences.isEmpty();
            List<String> text = new ArrayList<>();
            text.add("repository " + place.name() + ": "
                    + stored.map(there -> PolicyText.show(there.policy()) + "  (" + Units.time(there.time()) + ", "
                                    + there.by() + ")")
                            .orElse("no policy: nothing expires"));
            text.add("configuration: " + PolicyText.show(configured));
            differences.forEach(difference -> text.add("  " + difference));
            if (!same) {
                text.add("expire refuses until `pgbk retention set` has put the configured policy into the repository");
            }
            session.console()
                    .answer(
                            new ShowAnswer(
                                    place.name(),
                                    stored.map(PolicyText.InRepository::of).orElse(null),
                                    PolicyText.rules(configured),
                                    same,
                                    differences),
                            text);
        });
    }

    @Command(
            name = "set",
            description =
                    "Writes the configured policy into the repository, for all its clusters and every host, and says what expire would remove now.")
    int set() {
        return with((configuration, place, repository, configured) -> {
            StoredPolicies policies = new StoredPolicies(repository);
            Optional<StoredPolicies.Stored> stored = policies.newest();
            List<String> differences = stored.map(there -> PolicyText.differences(there.policy(), configured))
                    .orElse(List.of());
            boolean changed = !stored.map(StoredPolicies.Stored::policy).equals(Optional.of(configured));
            ExpireAnswer plan = plan(place, repository, configured);
            int number =
                    changed ? policies.write(configured) : stored.orElseThrow().number();
            List<String> text = new ArrayList<>();
            text.add((changed ? "set" : "unchanged") + " in repository " + place.name() + ": "
                    + PolicyText.show(configured));
            differences.forEach(difference -> text.add("  "
                    + difference.replace(" in the repository", " before").replace(" in the configuration", " now")));
            text.addAll(plan.text());
            session.console()
                    .answer(
                            new SetAnswer(
                                    place.name(), number, changed, PolicyText.rules(configured), differences, plan),
                            text);
        });
    }

    private ExpireAnswer plan(ConfigurationRepository place, Repository repository, RetentionPolicy policy) {
        var cluster = Repositories.of(session).cluster(repository);
        ConsoleMonitor monitor = session.monitor();
        try {
            Expiry expiry = new Expiry(cluster, policy, place.compactPercent(), monitor);
            return ExpireAnswer.of(cluster, expiry.dryRun(), true);
        } finally {
            monitor.finish();
        }
    }

    private interface Work {
        void run(
                Configuration configuration,
                ConfigurationRepository place,
                Repository repository,
                RetentionPolicy configured);
    }

    private int with(Work work) {
        Configuration configuration = session.configuration();
        ConfigurationRepository place = configuration.repository(session.repositoryName());
        try (Repository repository = Repositories.of(session).open(place)) {
            work.run(configuration, place, repository, RetentionSettings.of(configuration, place));
        }
        return 0;
    }
}
