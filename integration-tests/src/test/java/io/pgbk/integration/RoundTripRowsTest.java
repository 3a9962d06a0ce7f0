package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.integration.RoundTripRows.Row;
import io.pgbk.integration.RoundTripRows.Target;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoundTripRowsTest {
    @Test
    void everyPairOfChoicesOfTheFullProductIsSeenInARestoreOfTheDefaultRows() {
        assertThat(RoundTripRows.product())
                .hasSize(6 * 3 * 2 * 4 * 2 * 3)
                .allMatch(row -> row.targets().equals(Set.of(Target.values())));
        assertThat(pairs(RoundTripRows.pairwise())).isEqualTo(pairs(RoundTripRows.product()));
    }

    @Test
    void theDefaultRowsAreAsFewAsTheyCanBe() {
        List<Row> rows = RoundTripRows.pairwise();
        assertThat(rows).as("six versions with four stores").hasSize(24);
        assertThat(rows.stream().mapToInt(row -> row.targets().size()).sum())
                .as("six versions with six targets and little more")
                .isBetween(36, 40);
    }

    /** A choice and the place it stands at. */
    private record Choice(int dimension, Object value) {}

    private static Set<Set<Choice>> pairs(List<Row> rows) {
        Set<Set<Choice>> pairs = new HashSet<>();
        for (Row row : rows) {
            for (Target target : row.targets()) {
                List<Object> restore = List.of(
                        row.major(),
                        row.segmentMiB(),
                        row.checksums(),
                        row.store(),
                        row.encrypted(),
                        row.tablespaces(),
                        target);
                for (int a = 0; a < restore.size(); a++) {
                    for (int b = a + 1; b < restore.size(); b++) {
                        pairs.add(Set.of(new Choice(a, restore.get(a)), new Choice(b, restore.get(b))));
                    }
                }
            }
        }
        return pairs;
    }
}
