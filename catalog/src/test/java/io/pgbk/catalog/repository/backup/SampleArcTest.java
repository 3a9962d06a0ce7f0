package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SampleArcTest {
    private static final Label LABEL = Label.require("20261121T031500Z-7k2f-full");
    private static final int PACKS = 10_000;

    private static String pack(int number) {
        return RepositoryLayout.pack(TestPlace.CLUSTER, LABEL, number);
    }

    @Test
    void arcsOneAfterTheOtherReadEveryPackOnceAndAllOfAboutTheSameSize() {
        int[] readings = new int[PACKS];
        SampleArc arc = new SampleArc(93, 10);
        for (int run = 0; run < 10; run++) {
            int read = 0;
            for (int number = 0; number < PACKS; number++) {
                if (arc.contains(pack(number))) {
                    readings[number]++;
                    read++;
                }
            }
            assertThat(read).isBetween(PACKS / 10 * 8 / 10, PACKS / 10 * 12 / 10);
            arc = new SampleArc(arc.end(), 10);
        }
        assertThat(readings).containsOnly(1);
        assertThat(arc.fromPercent()).isEqualTo(93);
    }

    @Test
    void whatArcsCoverTogetherIsCountedOnce() {
        assertThat(SampleArc.covered(List.of())).isZero();
        assertThat(SampleArc.covered(List.of(new SampleArc(10, 20), new SampleArc(20, 20))))
                .isCloseTo(30, within(1e-9));
        assertThat(SampleArc.covered(List.of(new SampleArc(90, 20), new SampleArc(5, 1))))
                .isCloseTo(20, within(1e-9));
        assertThat(SampleArc.covered(List.of(new SampleArc(3, 5), SampleArc.WHOLE)))
                .isEqualTo(100);
        List<SampleArc> thirds = new ArrayList<>();
        SampleArc arc = new SampleArc(71.7, 100.0 / 3);
        for (int i = 0; i < 3; i++) {
            thirds.add(arc);
            arc = new SampleArc(arc.end(), 100.0 / 3);
        }
        assertThat(SampleArc.covered(thirds)).isCloseTo(100, within(1e-9));
    }

    @Test
    void anObjectsPlaceNeverChangesBetweenVersions() {
        assertThat(SampleArc.placeOf(pack(1))).isEqualTo(19.455716573646185);
    }

    @Test
    void anArcOfNothingIsRefused() {
        assertThatThrownBy(() -> new SampleArc(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SampleArc(100, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SampleArc(0, Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }
}
