package io.pgbk.restore.run;

import java.util.Optional;

/** What the restored server is when it starts. */
public sealed interface RecoveryRole {
    /** It recovers to the target ({@code recovery.signal}). */
    record Recovery() implements RecoveryRole {}

    /**
     * It follows the archive, and a primary when it can reach one ({@code standby.signal}).
     *
     * @param primaryConnection {@code primary_conninfo}; may hold a password
     */
    record Standby(Optional<String> primaryConnection) implements RecoveryRole {
        @Override
        public String toString() {
            return "Standby[" + (primaryConnection.isPresent() ? "streaming" : "archive only") + "]";
        }
    }

    /** Somebody else writes signal file and recovery settings, as Patroni does for replicas. */
    record LeftToCaller() implements RecoveryRole {}
}
