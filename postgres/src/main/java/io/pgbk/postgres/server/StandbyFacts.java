package io.pgbk.postgres.server;

import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.Optional;

/**
 * What a standby knows about itself and its upstream.
 *
 * @param replayed how far it has replayed
 * @param received how far it has received by streaming; empty when it never streamed
 * @param minRecoveryPoint the minimum recovery point of pg_control
 * @param upstream the server that it streams from right now
 * @param lastReplayedCommit the time of the last commit or abort that it replayed
 * @param replayPaused whether replay is paused
 */
public record StandbyFacts(
        Lsn replayed,
        Optional<Lsn> received,
        WalPosition minRecoveryPoint,
        Optional<Upstream> upstream,
        Optional<Instant> lastReplayedCommit,
        boolean replayPaused) {
    /**
     * The sending server.
     *
     * @param host its host name, address or socket directory
     * @param port its port
     * @param receivedTimeline the timeline that it sends
     */
    public record Upstream(String host, int port, int receivedTimeline) {}
}
