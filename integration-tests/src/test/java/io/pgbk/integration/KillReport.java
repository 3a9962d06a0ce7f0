package io.pgbk.integration;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Which kill hit where; printed, so that the report of the test shows that they are spread. */
final class KillReport {
    private final String command;
    private final List<String> rows = new ArrayList<>();
    private final Map<String, Integer> hits = new TreeMap<>();

    KillReport(String command) {
        this.command = command;
    }

    /** @param moment when it died, for example {@code 37 %} of the usual time */
    void add(String moment, String repository, Victim.Aim aim, Victim.End end, String state) {
        String phase = end.saidDone() ? "done" : end.phase().isEmpty() ? state : end.phase() + ", " + state;
        hits.merge(phase, 1, Integer::sum);
        rows.add(String.format(
                Locale.ROOT,
                "| %3d | %s | %s | %s | %.2f s | exit %d | %s |",
                rows.size() + 1,
                moment,
                repository,
                aim.name().toLowerCase(Locale.ROOT),
                end.seconds(),
                end.exit(),
                phase));
    }

    static String percent(double fraction) {
        return String.format(Locale.ROOT, "%3.0f %%", fraction * 100);
    }

    void print() {
        StringBuilder text = new StringBuilder();
        text.append("kills of ")
                .append(command)
                .append(", replay with -Dpgbk.seed=")
                .append(KillTimes.seed())
                .append('\n')
                .append(
                        "| no | moment | repository | killed | lived | answer | phase and what was there afterwards |\n");
        rows.forEach(row -> text.append(row).append('\n'));
        text.append(rows.size()).append(" kills of ").append(command).append(": ");
        hits.forEach(
                (phase, count) -> text.append(count).append(" x ").append(phase).append("; "));
        System.out.println(text);
    }
}
