package io.pgbk.testkit.fuzz;

import java.util.List;

/** Targets of one package. Implementations have a constructor without parameters: Jazzer's process makes its own. */
public interface FuzzTargets {
    /** The targets. */
    List<FuzzTarget> targets();

    /** The one exception by which readers refuse what they cannot use. */
    Class<? extends RuntimeException> refusal();

    /** The target with this name. */
    default FuzzTarget target(String name) {
        return targets().stream()
                .filter(target -> target.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no target " + name));
    }
}
