package io.pgbk.restore.plan;

import java.time.Instant;

/**
 * A span of time on one timeline to any moment of which the cluster can be restored.
 *
 * @param from the first moment
 * @param to the last moment that the archive knows of
 */
public record RecoveryWindow(int timeline, Instant from, Instant to) {}
