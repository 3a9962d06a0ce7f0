package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import java.util.List;

/**
 * A push that succeeded: every required repository has the file.
 *
 * @param name the file
 * @param targets what became of it in each repository, in the configured order
 */
public record PushReport(WalFileName name, List<TargetResult> targets) {
    public PushReport {
        targets = List.copyOf(targets);
    }

    /** What became of the file in one repository. */
    public sealed interface TargetResult {
        /** The repository's name. */
        String repository();

        /** The repository has it: {@link PutWalOutcome} without the two conflicts. */
        record Archived(String repository, PutWalOutcome outcome) implements TargetResult {}

        /** A repository that is not required does not have it; it is filled later. */
        record Postponed(String repository, PgbkException failure) implements TargetResult {}

        /** A repository that is not required failed a moment ago and was not asked again yet. */
        record Resting(String repository) implements TargetResult {}
    }
}
