package io.pgbk.integration.race;

import io.pgbk.integration.StoreKind;
import java.util.List;
import java.util.Locale;

/**
 * What is raced.
 *
 * @param pgbenchScale pgbench's scale factor; one unit is about 15 MiB
 * @param noiseMiB size of a table of random rows, which hardly compress
 * @param pairs how many runs of each program
 * @param segments how many WAL segments each program pushes
 * @param stores where the repositories lie, one race each
 */
record RaceOptions(int pgbenchScale, int noiseMiB, int pairs, int segments, List<StoreKind> stores) {
    static final String USAGE = """
            usage: bin/bench race [--scale N] [--noise-mib N] [--pairs N] [--segments N] [--store directory|rgw-https]...
            """;

    static RaceOptions parse(String[] words) {
        int scale = 480;
        int noiseMiB = 1024;
        int pairs = 5;
        int segments = 20;
        List<StoreKind> stores = new java.util.ArrayList<>();
        for (int i = 0; i < words.length; i += 2) {
            if (i + 1 == words.length) {
                throw new IllegalArgumentException(words[i] + " needs a value\n" + USAGE);
            }
            String value = words[i + 1];
            switch (words[i]) {
                case "--scale" -> scale = Integer.parseInt(value);
                case "--noise-mib" -> noiseMiB = Integer.parseInt(value);
                case "--pairs" -> pairs = Integer.parseInt(value);
                case "--segments" -> segments = Integer.parseInt(value);
                case "--store" ->
                    stores.add(StoreKind.valueOf(value.toUpperCase(Locale.ROOT).replace('-', '_')));
                default -> throw new IllegalArgumentException("unknown option " + words[i] + "\n" + USAGE);
            }
        }
        return new RaceOptions(
                scale,
                noiseMiB,
                pairs,
                segments,
                stores.isEmpty() ? List.of(StoreKind.DIRECTORY, StoreKind.RGW_HTTPS) : List.copyOf(stores));
    }
}
