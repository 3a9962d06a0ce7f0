package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PairwiseTest {
    @Test
    void everyPairOfChoicesIsSeenAtLeastOnce() {
        int[] sizes = {6, 3, 2, 6, 4, 2};
        List<int[]> rows = Pairwise.rows(sizes, 1);
        for (int a = 0; a < sizes.length; a++) {
            for (int b = a + 1; b < sizes.length; b++) {
                for (int va = 0; va < sizes[a]; va++) {
                    for (int vb = 0; vb < sizes[b]; vb++) {
                        int[] wanted = {a, va, b, vb};
                        assertThat(rows)
                                .as("dimension %d = %d with dimension %d = %d", a, va, b, vb)
                                .anyMatch(row -> row[wanted[0]] == wanted[1] && row[wanted[2]] == wanted[3]);
                    }
                }
            }
        }
        assertThat(rows).as("far from the full product of 1728 rows").hasSizeLessThan(48);
    }

    @Test
    void theSameSeedGivesTheSameRows() {
        int[] sizes = {4, 3, 2};
        assertThat(Arrays.deepEquals(
                        Pairwise.rows(sizes, 7).toArray(int[][]::new),
                        Pairwise.rows(sizes, 7).toArray(int[][]::new)))
                .isTrue();
    }
}
