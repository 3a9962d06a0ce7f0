package io.pgbk.catalog.repository.check;

import java.util.random.RandomGenerator;

/** Chooses a percentage of things, the first one always. */
final class Sample {
    private final double percent;
    private final RandomGenerator random;
    private boolean first = true;

    Sample(double percent, RandomGenerator random) {
        this.percent = percent;
        this.random = random;
    }

    boolean next() {
        boolean chosen = first || percent >= 100 || random.nextDouble() * 100 < percent;
        first = false;
        return chosen;
    }
}
