package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.layout.Label;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackUseListTest {
    @Test
    void itIsEqualToTheListThatItWasMadeOfAndKeepsNothingOfIt() {
        Random random = new Random(4711);
        List<PackUse> uses = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            Label label = Label.require(i % 3 == 0 ? "20261121T031500Z-7k2f-full" : "20261121T041500Z-9x9x-incr");
            uses.add(new PackUse(label, random.nextInt(100_000_000), random.nextLong() >>> 1, random.nextInt(1 << 30)));
        }
        PackUseList list = PackUseList.copyOf(uses);
        assertThat(list).isEqualTo(uses).hasSameHashCodeAs(uses);
        assertThat(PackUseList.copyOf(list)).isSameAs(list);
        PackUse first = uses.getFirst();
        uses.clear();
        assertThat(list).hasSize(1000).startsWith(first);
        assertThatThrownBy(() -> list.add(first)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> list.get(1000)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
