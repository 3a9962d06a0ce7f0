package io.pgbk.catalog.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NameOrderTest {
    private static final List<String> PARTS =
            List.of("a", "b", "/", "~", "\u00e9", "\ud7ff", "\ue000", "\uff5e", "\ud83d\ude00", "\ud800\udc00");

    @Test
    void namesComeInTheOrderOfTheirBytes() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            String left = name(random);
            String right = name(random);
            assertThat(Integer.signum(NameOrder.BYTES.compare(left, right)))
                    .as(left + " and " + right)
                    .isEqualTo(Integer.signum(Arrays.compareUnsigned(left.getBytes(UTF_8), right.getBytes(UTF_8))));
        }
    }

    private static String name(Random random) {
        StringBuilder name = new StringBuilder();
        for (int length = random.nextInt(4); length > 0; length--) {
            name.append(PARTS.get(random.nextInt(PARTS.size())));
        }
        return name.toString();
    }
}
