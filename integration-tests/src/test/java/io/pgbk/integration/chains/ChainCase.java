package io.pgbk.integration.chains;

import java.util.ArrayList;
import java.util.List;

/**
 * One run.
 *
 * @param summaries whether the server summarises its WAL (17 and later)
 * @param steps how many steps, those that follow from others not counted
 * @param border whether there is a table that is cut and grows at the size where its second file begins
 */
record ChainCase(long seed, int major, boolean checksums, boolean summaries, int steps, boolean border) {
    private static final int SHORT_STEPS = 25;
    private static final int LONG_STEPS = 300;
    private static final int LONG_SEEDS = 200;
    private static final int BORDER_EACH = 11;

    private static final long FIRST_SEED = 20261121;

    private record Kind(int major, boolean summaries) {}

    private static final List<Kind> KINDS = List.of(
            new Kind(13, false),
            new Kind(15, false),
            new Kind(17, true),
            new Kind(18, false),
            new Kind(18, true),
            new Kind(17, false));

    /** Always with the table over the border; of the others some. */
    private static final Kind BORDER = new Kind(18, false);

    /** The first ones are in the short run. */
    private static final int SHORT_SEEDS = 4;

    /**
     * The runs that the system properties ask for: {@code pgbk.seed} replays that of a seed (the same kind of server
     * follows from it), {@code pgbk.long} with {@code pgbk.seeds} takes so many from number {@code pgbk.from} on, so that
     * a long run can be done in parts; otherwise a few short ones.
     */
    static List<ChainCase> chosen() {
        boolean all = Boolean.getBoolean("pgbk.long");
        int steps = Integer.getInteger("pgbk.steps", all ? LONG_STEPS : SHORT_STEPS);
        Long seed = Long.getLong("pgbk.seed");
        if (seed != null) {
            return List.of(of(seed, steps));
        }
        return all
                ? seeds(Integer.getInteger("pgbk.from", 0), Integer.getInteger("pgbk.seeds", LONG_SEEDS), steps)
                : seeds(0, SHORT_SEEDS, steps);
    }

    /** Those that are always run. */
    static List<ChainCase> shortRun() {
        return seeds(0, SHORT_SEEDS, SHORT_STEPS);
    }

    private static List<ChainCase> seeds(int from, int count, int steps) {
        List<ChainCase> cases = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            cases.add(of(FIRST_SEED * KINDS.size() + i, steps));
        }
        return cases;
    }

    private static ChainCase of(long seed, int steps) {
        Kind kind = KINDS.get((int) Math.floorMod(seed, (long) KINDS.size()));
        // Both for every kind, turn by turn.
        boolean checksums = Math.floorMod(seed + seed / KINDS.size(), 2L) == 0;
        return new ChainCase(
                seed, kind.major(), checksums, kind.summaries(), steps, kind.equals(BORDER) || seed % BORDER_EACH == 0);
    }

    @Override
    public String toString() {
        return "PostgreSQL " + major + ", checksums " + (checksums ? "on" : "off")
                + (summaries ? ", summarize_wal" : "") + ", " + steps + " steps" + (border ? ", 1 GiB" : "")
                + ", -Dpgbk.seed=" + seed;
    }
}
