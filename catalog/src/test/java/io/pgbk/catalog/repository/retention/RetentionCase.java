package io.pgbk.catalog.repository.retention;

import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * Backups written as words: {@code F1} is a full that ended at one o'clock on day 1 of 2026, {@code D2} a differential on
 * the last full, {@code I3} an incremental on the word before. Behind it {@code !} not good, {@code *} pinned, {@code x}
 * being removed, {@code /2} on timeline 2 (which left 1 just before its first backup), {@code #2} of incarnation 2.
 * {@code T2@4} says that timeline 2 left 1 on day 4, {@code W1@6} that timeline 1 goes on behind that and that its newest
 * WAL was archived on day 6.
 */
final class RetentionCase {
    private static final LocalDate FIRST_DAY = LocalDate.of(2026, 1, 1);
    private static final long DAY_BYTES = 1L << 24;

    final Map<String, Candidate> byWord = new LinkedHashMap<>();
    final List<TimelineEnd> ends = new ArrayList<>();

    RetentionCase(String words) {
        Optional<Label> lastFull = Optional.empty();
        Optional<Label> before = Optional.empty();
        Map<Integer, Lsn> forks = new TreeMap<>();
        Map<Integer, Integer> newest = new TreeMap<>();
        Map<Integer, Instant> written = new TreeMap<>();
        for (String word : words.isEmpty() ? new String[0] : words.split(" ")) {
            if (word.contains("@")) {
                int named = word.charAt(1) - '0';
                int onDay = Integer.parseInt(word.substring(3));
                if (word.charAt(0) == 'T') {
                    forks.put(1, start(onDay));
                    newest.merge(1, named, Math::max);
                } else {
                    written.put(named, atHour(onDay, 2));
                }
                continue;
            }
            String bare = word.replaceAll("[!*x].*|[/#].*", "");
            int day = Integer.parseInt(bare.substring(1));
            int timeline = number(word, '/');
            int incarnation = number(word, '#');
            BackupType type = switch (word.charAt(0)) {
                case 'F' -> BackupType.FULL;
                case 'D' -> BackupType.DIFFERENTIAL;
                default -> BackupType.INCREMENTAL;
            };
            Label label = label(byWord.size(), type);
            Set<Label> needs = switch (type) {
                case FULL -> Set.of();
                case DIFFERENTIAL -> Set.of(lastFull.orElseThrow());
                case INCREMENTAL -> Set.of(before.orElseThrow());
            };
            byWord.put(
                    word,
                    new Candidate(
                            label,
                            type,
                            incarnation,
                            timeline,
                            start(day),
                            stop(day),
                            atHour(day, 0),
                            atHour(day, 1),
                            needs,
                            word.contains("*"),
                            !word.contains("!"),
                            word.contains("x")));
            lastFull = type == BackupType.FULL ? Optional.of(label) : lastFull;
            before = Optional.of(label);
            newest.merge(incarnation, timeline, Math::max);
            if (timeline > 1) {
                forks.putIfAbsent(incarnation, start(day).plus(-(1L << 20)));
            }
        }
        newest.forEach((incarnation, timeline) -> ends.add(new TimelineEnd(
                incarnation,
                timeline == 1
                        ? TimelineHistory.root(1)
                        : new TimelineHistory(
                                timeline,
                                List.of(new TimelineHistory.Entry(
                                        1, forks.getOrDefault(incarnation, Lsn.INVALID), ""))),
                Optional.ofNullable(written.get(timeline)))));
        if (newest.getOrDefault(1, 1) > 1 && written.containsKey(1)) {
            ends.add(new TimelineEnd(1, TimelineHistory.root(1), Optional.of(written.get(1))));
        }
    }

    private static int number(String word, char mark) {
        int at = word.indexOf(mark);
        return at < 0 ? 1 : word.charAt(at + 1) - '0';
    }

    /** Labels count downwards: nothing may depend on their order. */
    static Label label(int number, BackupType type) {
        return new Label(String.format(Locale.ROOT, "20260101T000000Z-%04d-%s", 9999 - number, type.suffix()), type);
    }

    static Lsn start(int day) {
        return new Lsn(day * DAY_BYTES);
    }

    static Lsn stop(int day) {
        return start(day).plus(DAY_BYTES / 2);
    }

    static Instant atHour(int day, int hour) {
        return FIRST_DAY.plusDays(day - 1L).atTime(hour, 0).toInstant(ZoneOffset.UTC);
    }

    static RetentionPolicy policy(String text) {
        OptionalInt full = OptionalInt.empty();
        Optional<Duration> window = Optional.empty();
        Map<String, Integer> calendar = new TreeMap<>();
        for (String rule : text.isEmpty() ? new String[0] : text.split(" ")) {
            String name = rule.substring(0, rule.indexOf('='));
            int value = Integer.parseInt(rule.substring(name.length() + 1));
            switch (name) {
                case "full" -> full = OptionalInt.of(value);
                case "window" -> window = Optional.of(Duration.ofDays(value));
                default -> calendar.put(name, value);
            }
        }
        return new RetentionPolicy(
                full,
                window,
                calendar.getOrDefault("weekly", 0),
                calendar.getOrDefault("monthly", 0),
                calendar.getOrDefault("yearly", 0),
                ZoneOffset.UTC,
                RetentionPolicy.DEFAULT_GRACE);
    }

    ExpirePlan plan(String policy, int day) {
        return new ExpirePlanner(policy(policy), ends, atHour(day, 12)).plan(List.copyOf(byWord.values()));
    }

    /** The words of what stays, in the order in which they were written. */
    String kept(ExpirePlan plan) {
        Set<Label> labels =
                Set.copyOf(plan.keep().stream().map(ExpirePlan.Kept::label).toList());
        return String.join(
                " ",
                byWord.entrySet().stream()
                        .filter(entry -> labels.contains(entry.getValue().label()))
                        .map(Map.Entry::getKey)
                        .toList());
    }
}
