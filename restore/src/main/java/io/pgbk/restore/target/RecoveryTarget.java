package io.pgbk.restore.target;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Where recovery stops replaying WAL, in PostgreSQL's own terms. */
public sealed interface RecoveryTarget {
    /** The word used in JSON and messages, for example {@code time}. */
    String kind();

    /** The target's value as PostgreSQL would take it; empty where there is none. */
    String value();

    /** Whether replay stops just before the target instead of just after it. */
    default boolean exclusive() {
        return false;
    }

    /** Whether {@code recovery_target_inclusive} has a meaning for this target. */
    default boolean hasExclusiveForm() {
        return false;
    }

    /** For people, for example {@code time 2026-11-21 03:15:00+00}. */
    default String describe() {
        return value().isEmpty() ? kind() : kind() + " " + value() + (exclusive() ? " (exclusive)" : "");
    }

    /** To the end of the archive. */
    record Latest() implements RecoveryTarget {
        @Override
        public String kind() {
            return "latest";
        }

        @Override
        public String value() {
            return "";
        }
    }

    /** As soon as the backup is consistent. */
    record Immediate() implements RecoveryTarget {
        @Override
        public String kind() {
            return "immediate";
        }

        @Override
        public String value() {
            return "";
        }
    }

    /**
     * Every transaction that committed up to this instant. PostgreSQL's times have microseconds; finer parts are cut
     * off, or, for an exclusive target, rounded up, so that the same transactions are kept.
     */
    record Time(Instant time, boolean exclusive) implements RecoveryTarget {
        public Time {
            Instant floor = time.truncatedTo(ChronoUnit.MICROS);
            time = exclusive && !floor.equals(time) ? floor.plus(1, ChronoUnit.MICROS) : floor;
        }

        @Override
        public String kind() {
            return "time";
        }

        @Override
        public String value() {
            return TargetTime.format(time);
        }

        @Override
        public boolean hasExclusiveForm() {
            return true;
        }
    }

    /**
     * Up to the end of one transaction. The value may be a 32-bit transaction id or the 64-bit form of
     * {@code pg_current_xact_id()}; PostgreSQL and WAL know the lower 32 bits only.
     */
    record Xid(long xid, boolean exclusive) implements RecoveryTarget {
        public Xid {
            xid = xid & 0xFFFF_FFFFL;
            if (xid < 3) {
                throw new PgbkException(
                        ErrorCode.USAGE,
                        "transaction id " + xid + " is not one of a transaction",
                        "Ids of transactions start at 3.");
            }
        }

        @Override
        public String kind() {
            return "xid";
        }

        @Override
        public String value() {
            return Long.toString(xid);
        }

        @Override
        public boolean hasExclusiveForm() {
            return true;
        }
    }

    /** Up to a WAL position. */
    record LsnTarget(Lsn lsn, boolean exclusive) implements RecoveryTarget {
        @Override
        public String kind() {
            return "lsn";
        }

        @Override
        public String value() {
            return lsn.toString();
        }

        @Override
        public boolean hasExclusiveForm() {
            return true;
        }
    }

    /** Up to a restore point made by {@code pg_create_restore_point()}. */
    record Name(String name) implements RecoveryTarget {
        private static final int MAX_BYTES = 63;

        public Name {
            int length = name.getBytes(StandardCharsets.UTF_8).length;
            if (length == 0 || length > MAX_BYTES || name.chars().anyMatch(c -> c < ' ')) {
                throw new PgbkException(
                        ErrorCode.USAGE,
                        "'" + name.replaceAll("\\p{Cntrl}", "?") + "' is not a name of a restore point",
                        "Names have 1 to 63 bytes and no control characters.");
            }
        }

        @Override
        public String kind() {
            return "name";
        }

        @Override
        public String value() {
            return name;
        }
    }

    /** Parses the argument of {@code --target-xid}. */
    static RecoveryTarget parseXid(String text, boolean exclusive) {
        try {
            return new Xid(Long.parseUnsignedLong(text.strip()), exclusive);
        } catch (NumberFormatException e) {
            throw new PgbkException(
                    ErrorCode.USAGE, "'" + text + "' is not a transaction id", "Write it as a decimal number.", e);
        }
    }

    /** Parses the argument of {@code --target-lsn}. */
    static RecoveryTarget parseLsn(String text, boolean exclusive) {
        try {
            return new LsnTarget(Lsn.parse(text.strip()), exclusive);
        } catch (IllegalArgumentException | PgbkException e) {
            throw new PgbkException(
                    ErrorCode.USAGE,
                    "'" + text + "' is not a WAL position",
                    "Write it as PostgreSQL does, for example 3/D5A7F2B8.",
                    e);
        }
    }
}
