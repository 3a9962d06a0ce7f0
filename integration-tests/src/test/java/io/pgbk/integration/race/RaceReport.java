package io.pgbk.integration.race;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Prints the figures of interleaved runs as rows of a Markdown table. */
final class RaceReport {
    private static final double MIB = 1024 * 1024;

    private final PrintStream out;

    RaceReport(PrintStream out) {
        this.out = out;
    }

    void begin(String title) {
        out.println();
        out.println("### " + title);
        out.println();
        out.println("| what | pgbk wall s | pgBackRest wall s | ratio (median of pairs) | lowest to highest ratio | "
                + "pgbk CPU s | pgBackRest CPU s | pgbk peak MiB | pgBackRest peak MiB |");
        out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    }

    /** One row; the lists go pair by pair. */
    void row(String what, List<Measurement> ours, List<Measurement> theirs) {
        double[] ratios = IntStream.range(0, ours.size())
                .mapToDouble(i -> ours.get(i).wallSeconds() / theirs.get(i).wallSeconds())
                .sorted()
                .toArray();
        out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.2f | **%.2f** | %.2f to %.2f | %.2f | %.2f | %.0f | %.0f |%n",
                what,
                median(ours, Measurement::wallSeconds),
                median(theirs, Measurement::wallSeconds),
                middle(ratios),
                ratios[0],
                ratios[ratios.length - 1],
                median(ours, Measurement::cpuSeconds),
                median(theirs, Measurement::cpuSeconds),
                ours.stream().mapToLong(Measurement::peakBytes).max().orElse(0) / MIB,
                theirs.stream().mapToLong(Measurement::peakBytes).max().orElse(0) / MIB);
        out.flush();
    }

    void stored(long ours, long theirs) {
        out.printf(
                Locale.ROOT,
                "%nStored by a full backup: pgbk %.1f MiB, pgBackRest %.1f MiB, ratio **%.3f**.%n",
                ours / MIB,
                theirs / MIB,
                (double) ours / theirs);
        out.flush();
    }

    /** Seconds that a change costs above the run in which nothing had changed: of pgbk, of pgBackRest. */
    void variable(String what, double[] seconds) {
        out.printf(
                Locale.ROOT,
                "%n%s, above the fixed costs: pgbk %.2f s, pgBackRest %.2f s, ratio **%.2f**.%n",
                what,
                seconds[0],
                seconds[1],
                seconds[0] / seconds[1]);
        out.flush();
    }

    /** What the last runs of a kind read of the database and stored. */
    void bytes(String what, IncrementalRace.Figures figures) {
        out.printf(
                Locale.ROOT,
                "%n%s: stored by pgbk %.2f MiB, by pgBackRest %.2f MiB, ratio **%.2f**; read %.1f and %.1f MiB.%n",
                what,
                figures.stored().ours() / MIB,
                figures.stored().theirs() / MIB,
                (double) figures.stored().ours() / figures.stored().theirs(),
                figures.read().ours() / MIB,
                figures.read().theirs() / MIB);
        out.flush();
    }

    static double medianWall(List<Measurement> all) {
        return median(all, Measurement::wallSeconds);
    }

    void say(String line) {
        out.println(line);
        out.flush();
    }

    private static double median(List<Measurement> all, ToDoubleFunction<Measurement> figure) {
        return middle(all.stream().mapToDouble(figure).sorted().toArray());
    }

    private static double middle(double[] sorted) {
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
