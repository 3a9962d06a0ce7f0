package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;
import java.time.Instant;
import java.util.Optional;

/**
 * A label that was claimed and neither committed nor ended: a backup that runs, or one that died.
 *
 * @param lastAlive the newest sign of life, by the clock of the host that takes it
 */
public record RunningBackup(Label label, String owner, Optional<Label> parent, Instant started, Instant lastAlive) {}
