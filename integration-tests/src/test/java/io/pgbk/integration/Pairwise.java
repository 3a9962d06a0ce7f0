package io.pgbk.integration;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Chooses rows of a product of choices so that every pair of choices of two different dimensions stands together in at
 * least one row. Greedy and deterministic: each row starts from a pair that is still open and takes, dimension by
 * dimension, the value that closes most open pairs.
 */
final class Pairwise {
    private Pairwise() {}

    /** A pair of choices, each a dimension and the number of a value in it. */
    private record Pair(int firstDimension, int firstValue, int secondDimension, int secondValue) {}

    /**
     * Chooses the rows.
     *
     * @param sizes number of values of each dimension
     * @return rows; row[i] is the number of a value of dimension i
     */
    static List<int[]> rows(int[] sizes, long seed) {
        Set<Pair> open = new HashSet<>();
        for (int a = 0; a < sizes.length; a++) {
            for (int b = a + 1; b < sizes.length; b++) {
                for (int va = 0; va < sizes[a]; va++) {
                    for (int vb = 0; vb < sizes[b]; vb++) {
                        open.add(new Pair(a, va, b, vb));
                    }
                }
            }
        }
        Random random = new Random(seed);
        List<int[]> rows = new ArrayList<>();
        while (!open.isEmpty()) {
            int[] best = null;
            int bestClosed = 0;
            for (int attempt = 0; attempt < 40; attempt++) {
                int[] row = candidate(sizes, open, random);
                int closed = closedBy(row, open);
                if (closed > bestClosed) {
                    best = row;
                    bestClosed = closed;
                }
            }
            if (best == null) {
                throw new IllegalStateException("no row closes an open pair");
            }
            rows.add(best);
            open.removeAll(pairs(best));
        }
        return rows;
    }

    private static int[] candidate(int[] sizes, Set<Pair> open, Random random) {
        List<Pair> choices = new ArrayList<>(open);
        choices.sort((x, y) -> Arrays.compare(numbers(x), numbers(y)));
        Pair seed = choices.get(random.nextInt(choices.size()));
        int[] row = new int[sizes.length];
        Arrays.fill(row, -1);
        row[seed.firstDimension()] = seed.firstValue();
        row[seed.secondDimension()] = seed.secondValue();
        for (int dimension = 0; dimension < sizes.length; dimension++) {
            if (row[dimension] >= 0) {
                continue;
            }
            int offset = random.nextInt(sizes[dimension]);
            int bestValue = offset;
            int bestClosed = -1;
            for (int i = 0; i < sizes[dimension]; i++) {
                row[dimension] = (offset + i) % sizes[dimension];
                int closed = closedBy(row, open);
                if (closed > bestClosed) {
                    bestClosed = closed;
                    bestValue = row[dimension];
                }
            }
            row[dimension] = bestValue;
        }
        return row;
    }

    private static int[] numbers(Pair pair) {
        return new int[] {pair.firstDimension(), pair.firstValue(), pair.secondDimension(), pair.secondValue()};
    }

    private static int closedBy(int[] row, Set<Pair> open) {
        int closed = 0;
        for (Pair pair : pairs(row)) {
            if (open.contains(pair)) {
                closed++;
            }
        }
        return closed;
    }

    private static Set<Pair> pairs(int[] row) {
        Set<Pair> pairs = new HashSet<>();
        for (int a = 0; a < row.length; a++) {
            for (int b = a + 1; b < row.length; b++) {
                if (row[a] >= 0 && row[b] >= 0) {
                    pairs.add(new Pair(a, row[a], b, row[b]));
                }
            }
        }
        return pairs;
    }
}
