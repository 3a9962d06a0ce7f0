package io.pgbk.archiver.push;

import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Waits for all required repositories and decides whether the push succeeded. */
final class TargetResults {
    private final LongSupplier nanoTime;
    private final long deadlineNanos;
    private final Duration deadline;

    /** One repository's push in progress. */
    record Pending(String repository, Task<PutWalOutcome> task) {}

    private record Failure(String repository, PgbkException cause) {}

    TargetResults(LongSupplier nanoTime, long deadlineNanos, Duration deadline) {
        this.nanoTime = nanoTime;
        this.deadlineNanos = deadlineNanos;
        this.deadline = deadline;
    }

    /**
     * All repositories are waited for, also when one failed, so that the next attempt has less to repair.
     *
     * @throws PgbkException when a required repository does not have the file: one failure as it is, several as one with
     *     the code of the gravest
     */
    List<TargetResult> collect(WalFileName name, List<Pending> pending, TaskMonitor monitor) {
        List<TargetResult> results = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        for (Pending one : pending) {
            try {
                PutWalOutcome outcome = await(one);
                monitor.debug(describe(name, one.repository(), outcome));
                results.add(new TargetResult.Archived(one.repository(), outcome));
            } catch (PgbkException e) {
                failures.add(new Failure(one.repository(), e));
            }
        }
        if (!failures.isEmpty()) {
            throw together(failures);
        }
        return results;
    }

    private PutWalOutcome await(Pending one) {
        if (!one.task().await(Math.max(0, deadlineNanos - nanoTime.getAsLong()))) {
            one.task().cancel();
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE,
                    "repository " + one.repository() + " did not take the file within " + deadline.toSeconds() + " s",
                    "PostgreSQL will try again. archive-deadline sets the time.");
        }
        return one.task().get();
    }

    private static int severity(ErrorCode code) {
        return switch (code) {
            case OTHER_CLUSTER, WAL_CONFLICT, TIMELINE_CONFLICT, WAL_INVALID -> 3;
            case KEY_WRONG, ENCRYPTION_MISMATCH, OBJECT_DAMAGED, STORE_UNSAFE, FORMAT_TOO_NEW -> 2;
            case INTERNAL, CONFIGURATION, USAGE, INTERRUPTED -> 1;
            case NEGATIVE_VERDICT,
                    REPOSITORY_NOT_INITIALISED,
                    REPOSITORY_UNREACHABLE,
                    PERMISSION_DENIED,
                    OBJECT_MISSING,
                    WAL_GAP,
                    POSTGRES_UNSUITABLE,
                    ARCHIVING_BROKEN,
                    ROLE_CHANGED,
                    PAGE_CHECKSUM,
                    TARGET_UNSUITABLE,
                    TARGET_UNREACHABLE,
                    NO_FITTING_BACKUP,
                    NO_SPACE,
                    TABLESPACE_CONFLICT,
                    HELD_BY_ANOTHER,
                    REFUSED_BY_POLICY -> 0;
        };
    }

    private static PgbkException together(List<Failure> failures) {
        if (failures.size() == 1) {
            return failures.getFirst().cause();
        }
        PgbkException gravest = failures.stream()
                .map(Failure::cause)
                .max(Comparator.comparingInt(e -> severity(e.code())))
                .orElseThrow();
        List<String> messages = failures.stream()
                .map(failure -> "repository " + failure.repository() + ": "
                        + failure.cause().getMessage())
                .toList();
        @Nullable String hint = gravest.hint();
        PgbkException all = new PgbkException(gravest.code(), String.join("; ", messages), hint, gravest);
        failures.stream().map(Failure::cause).filter(e -> !e.equals(gravest)).forEach(all::addSuppressed);
        return all;
    }

    static String describe(WalFileName name, String repository, PutWalOutcome outcome) {
        String prefix = "repository " + repository + ": '" + name + "' ";
        return switch (outcome) {
            case PutWalOutcome.Stored stored -> prefix + "stored, " + stored.storedBytes() + " bytes";
            case PutWalOutcome.AlreadyIdentical identical ->
                prefix + "was archived before with the same content, nothing was stored (" + identical.key() + ")";
            case PutWalOutcome.KeptBeside beside -> prefix + "kept beside the archived one as " + beside.key();
            case PutWalOutcome.Conflict conflict -> prefix + "conflicts: " + conflict.reason();
            case PutWalOutcome.HistoryConflict conflict -> prefix + "conflicts: " + conflict.archivedDigest();
        };
    }
}
