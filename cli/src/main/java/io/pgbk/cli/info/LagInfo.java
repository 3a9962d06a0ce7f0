package io.pgbk.cli.info;

import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.WalLag;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationRepository;
import io.pgbk.cli.output.Units;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentName;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a repository that is filled later is behind one that has everything; the names of its parts are the stable
 * names in JSON.
 *
 * @param behind the repository with which it was compared; null when none could be asked
 * @param segments that it lacks
 * @param bytes their raw bytes
 * @param histories history files that it lacks
 * @param firstMissing the first segment that it lacks on the oldest timeline
 * @param since when the oldest missing segment was archived: nothing that happened later can be restored from it alone
 * @param error why it is not known
 */
public record LagInfo(
        @Nullable String behind,
        long segments,
        long bytes,
        long histories,
        @Nullable String firstMissing,
        @Nullable Instant since,
        @Nullable String error) {
    /**
     * Compares a repository that is filled later with the first required one that answers; null for a required one.
     *
     * @throws PgbkException what the repository itself throws
     */
    public static @Nullable LagInfo of(
            Configuration configuration,
            Repositories repositories,
            ConfigurationRepository place,
            ClusterCatalog cluster) {
        if (place.isRequired()) {
            return null;
        }
        String error = "no repository is required";
        for (ConfigurationRepository other : configuration.repositories()) {
            if (!other.isRequired()) {
                continue;
            }
            try (Repository repository = repositories.open(other)) {
                return of(other.name(), WalLag.between(repositories.cluster(repository), cluster));
            } catch (PgbkException e) {
                if (e.code() == ErrorCode.INTERRUPTED) {
                    throw e;
                }
                error = "repository " + other.name() + ": " + e.getMessage();
            }
        }
        return new LagInfo(null, 0, 0, 0, null, null, error);
    }

    /** What a comparison found. */
    public static LagInfo of(String behind, WalLag lag) {
        return new LagInfo(
                behind,
                lag.segments(),
                lag.bytes(),
                lag.histories(),
                lag.first().map(WalSegmentName::toString).orElse(null),
                lag.since().orElse(null),
                null);
    }

    /** Whether it is known to lack nothing. */
    public boolean isComplete() {
        return error == null && segments == 0 && histories == 0;
    }

    /** The same for people. */
    public String text(Instant now) {
        if (error != null) {
            return "how far it is behind is not known: " + error;
        }
        if (isComplete()) {
            return "it has all WAL that repository " + behind + " has";
        }
        String what = segments > 0
                ? Units.count(segments, "segment", "segments") + " (" + Units.bytes(bytes) + ") from " + firstMissing
                        + " on"
                : Units.count(histories, "history file", "history files");
        return "it lacks " + what + " that repository " + behind + " has"
                + (since == null ? "" : ", the oldest archived " + Units.ago(Duration.between(since, now)));
    }
}
