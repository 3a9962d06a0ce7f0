package io.pgbk.restore.plan;

import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TimelineChoice;
import java.util.Optional;

/**
 * What the operator asks for.
 *
 * @param label a certain backup; empty: the one that fits best
 */
public record RestoreGoal(RecoveryTarget target, TimelineChoice timeline, Optional<String> label) {}
