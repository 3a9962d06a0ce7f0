package io.pgbk.integration.race;

import java.util.ArrayList;
import java.util.List;

/**
 * What is raced.
 *
 * @param pgbenchScale pgbench's scale factor; one unit is about 15 MiB
 * @param noiseMiB size of a table of random rows, which hardly compress
 * @param pairs how many runs of each program in each row
 * @param chain how many incremental backups lie on the full one when the newest is restored
 * @param majors the versions of PostgreSQL that pgbk backs up; pgBackRest always backs up 15
 */
record IncrementalOptions(int pgbenchScale, int noiseMiB, int pairs, int chain, List<Integer> majors) {
    static final String USAGE = """
            usage: bin/bench incr [--scale N] [--noise-mib N] [--pairs N] [--chain N] [--major 15|17|18]...
            """;

    static IncrementalOptions parse(String[] words) {
        int scale = 480;
        int noiseMiB = 1024;
        int pairs = 3;
        int chain = 10;
        List<Integer> majors = new ArrayList<>();
        for (int i = 0; i < words.length; i += 2) {
            if (i + 1 == words.length) {
                throw new IllegalArgumentException(words[i] + " needs a value\n" + USAGE);
            }
            int value = Integer.parseInt(words[i + 1]);
            switch (words[i]) {
                case "--scale" -> scale = value;
                case "--noise-mib" -> noiseMiB = value;
                case "--pairs" -> pairs = value;
                case "--chain" -> chain = value;
                case "--major" -> majors.add(value);
                default -> throw new IllegalArgumentException("unknown option " + words[i] + "\n" + USAGE);
            }
        }
        if (scale < 1 || noiseMiB < 1 || pairs < 1) {
            throw new IllegalArgumentException("scale, noise and pairs must be at least 1\n" + USAGE);
        }
        return new IncrementalOptions(
                scale, noiseMiB, pairs, chain, majors.isEmpty() ? List.of(15, 17, 18) : List.copyOf(majors));
    }
}
