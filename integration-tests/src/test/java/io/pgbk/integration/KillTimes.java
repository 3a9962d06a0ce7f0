package io.pgbk.integration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * When victims die: uniformly over the time that an undisturbed run takes and a little longer, one in each part of it,
 * in random order. {@code -Dpgbk.seed=N} repeats the choice.
 */
final class KillTimes {
    /** Some come too late: the work is done, and perhaps said to be done. */
    private static final double LATEST = 1.05;

    private static final long DEFAULT_SEED = 20_261_121;

    private final Random random;
    private final List<Double> fractions = new ArrayList<>();
    private double undisturbedSeconds;

    /** @param undisturbedSeconds what a run took that nobody killed */
    KillTimes(String what, int kills, double undisturbedSeconds) {
        this.random = new Random(seed() + what.hashCode());
        this.undisturbedSeconds = undisturbedSeconds;
        for (int i = 0; i < kills; i++) {
            fractions.add((i + random.nextDouble()) / kills * LATEST);
        }
        Collections.shuffle(fractions, random);
    }

    /** The seed of this run. The long form takes a new one each time. */
    static long seed() {
        return Seed.VALUE;
    }

    private static final class Seed {
        private static final long VALUE =
                Long.getLong("pgbk.seed", Boolean.getBoolean("pgbk.long") ? System.nanoTime() : DEFAULT_SEED);
    }

    /** Another run that nobody killed: on a busy machine they take longer. */
    void undisturbed(double seconds) {
        undisturbedSeconds = seconds;
    }

    /** The part of an undisturbed run after which a victim dies. */
    double fraction(int number) {
        return fractions.get(number);
    }

    Duration after(int number) {
        return Duration.ofNanos((long) (fractions.get(number) * undisturbedSeconds * 1e9));
    }

    Random random() {
        return random;
    }

    Victim.Aim aim() {
        return random.nextBoolean() ? Victim.Aim.JAVA : Victim.Aim.GROUP;
    }
}
