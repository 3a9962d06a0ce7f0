package io.pgbk.cli.command;

import io.pgbk.cli.process.Session;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetTime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how far a restore goes; at most one of the targets. */
final class RestoreTarget {
    @Option(
            names = "--target-time",
            paramLabel = "T",
            description = "A time, for example '2026-11-21 03:15:00+01'; with a zone unless time-zone is configured.")
    private @Nullable String time;

    @Option(names = "--target-lsn", paramLabel = "L", description = "An LSN, for example 0/3000028.")
    private @Nullable String lsn;

    @Option(names = "--target-xid", paramLabel = "X", description = "A transaction.")
    private @Nullable String xid;

    @Option(names = "--target-name", paramLabel = "N", description = "A restore point made by pg_create_restore_point.")
    private @Nullable String name;

    @Option(names = "--target-immediate", description = "The end of the backup.")
    private boolean immediate;

    @Option(names = "--target-exclusive", description = "Stops just before the target instead of just after it.")
    private boolean exclusive;

    /** The target; the end of the archive when none is given. */
    RecoveryTarget read(Session session) {
        int given = (time == null ? 0 : 1)
                + (lsn == null ? 0 : 1)
                + (xid == null ? 0 : 1)
                + (name == null ? 0 : 1)
                + (immediate ? 1 : 0);
        if (given > 1) {
            throw new PgbkException(ErrorCode.USAGE, "more than one recovery target is given", "Give one of them.");
        }
        if (exclusive && time == null && lsn == null && xid == null) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "--target-exclusive needs --target-time, --target-lsn or --target-xid",
                    "Other targets have no before and after.");
        }
        if (time != null) {
            return new RecoveryTarget.Time(
                    TargetTime.parse(
                            time,
                            session.configuration().settings().zone("time-zone").orElse(null)),
                    exclusive);
        }
        if (lsn != null) {
            return RecoveryTarget.parseLsn(lsn, exclusive);
        }
        if (xid != null) {
            return RecoveryTarget.parseXid(xid, exclusive);
        }
        if (name != null) {
            return new RecoveryTarget.Name(name);
        }
        return immediate ? new RecoveryTarget.Immediate() : new RecoveryTarget.Latest();
    }
}
