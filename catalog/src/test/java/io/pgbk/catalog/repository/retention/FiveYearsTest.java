package io.pgbk.catalog.repository.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A full every Sunday and a differential on the other days, expired every day for five years. */
class FiveYearsTest {
    private static final LocalDate BEGIN = LocalDate.of(2026, 1, 1);
    private static final int DAYS = 1826;
    private static final long FULL_BYTES = 100L << 30;
    private static final long DIFF_BYTES_PER_DAY = 2L << 30;

    private final List<Candidate> kept = new ArrayList<>();
    private final Map<Label, Long> bytes = new HashMap<>();
    private int number;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "full=3 monthly=12 yearly=5",
                "full=3 weekly=4 monthly=12 yearly=5 window=14",
                "window=30",
                "weekly=8 yearly=2"
            })
    void theUsualPlansKeepWhatTheyPromiseOnEveryDayAndStayBounded(String text) {
        RetentionPolicy policy = RetentionCase.policy(text);
        System.out.println(text + ": date, kept backups, stored GiB");
        for (int day = 0; day < DAYS; day++) {
            LocalDate date = BEGIN.plusDays(day);
            takeBackup(day, date);
            Instant now = time(date).plus(Duration.ofHours(2));
            expire(policy, now);

            requireFulls(policy);
            requireWindow(policy, now);
            requireMonths(policy, date);
            requireYears(policy, date);
            assertThat(kept).hasSizeLessThan(80);
            if (date.getDayOfMonth() == 1 && date.getMonthValue() % 6 == 1) {
                long stored = kept.stream()
                        .mapToLong(one -> bytes.getOrDefault(one.label(), 0L))
                        .sum();
                System.out.println("  " + date + " " + kept.size() + " " + (stored >> 30));
            }
        }
    }

    private static Instant time(LocalDate date) {
        return date.atTime(3, 0).toInstant(ZoneOffset.UTC);
    }

    private void takeBackup(int day, LocalDate date) {
        Optional<Candidate> full = kept.reversed().stream()
                .filter(one -> one.type() == BackupType.FULL)
                .findFirst();
        boolean sunday = date.getDayOfWeek() == DayOfWeek.SUNDAY || full.isEmpty();
        BackupType type = sunday ? BackupType.FULL : BackupType.DIFFERENTIAL;
        Label label = RetentionCase.label(number++, type);
        Lsn start = new Lsn((day + 1L) << 30);
        kept.add(new Candidate(
                label,
                type,
                1,
                1,
                start,
                start.plus(1 << 20),
                time(date).minus(Duration.ofHours(1)),
                time(date),
                sunday ? Set.of() : Set.of(full.get().label()),
                false,
                true,
                false));
        bytes.put(
                label,
                sunday ? FULL_BYTES : DIFF_BYTES_PER_DAY * date.getDayOfWeek().getValue());
    }

    private void expire(RetentionPolicy policy, Instant now) {
        TimelineEnd end = new TimelineEnd(1, TimelineHistory.root(1), Optional.of(now));
        ExpirePlan plan = new ExpirePlanner(policy, List.of(end), now).plan(kept);
        Set<Label> labels =
                Set.copyOf(plan.keep().stream().map(ExpirePlan.Kept::label).toList());
        kept.removeIf(one -> !labels.contains(one.label()));
        for (Candidate one : kept) {
            assertThat(labels).containsAll(one.needs());
        }
    }

    private List<Candidate> fulls() {
        return kept.stream().filter(one -> one.type() == BackupType.FULL).toList();
    }

    private void requireFulls(RetentionPolicy policy) {
        if (policy.full().isPresent() && number > 40) {
            assertThat(fulls()).hasSizeGreaterThanOrEqualTo(policy.full().getAsInt());
        }
    }

    private void requireWindow(RetentionPolicy policy, Instant now) {
        policy.window()
                .map(now::minus)
                .filter(start -> start.isAfter(time(BEGIN)))
                .ifPresent(start -> assertThat(kept)
                        .anyMatch(one -> !one.stopTime().isAfter(start)
                                && one.stopTime().isAfter(start.minus(Duration.ofHours(25)))));
    }

    private boolean hasFullOf(LocalDate date) {
        return fulls().stream().anyMatch(one -> one.stopTime().equals(time(date)));
    }

    private void requireMonths(RetentionPolicy policy, LocalDate today) {
        LocalDate thisMonths = firstSunday(YearMonth.from(today));
        YearMonth newest = YearMonth.from(today).minusMonths(thisMonths.isAfter(today) ? 1 : 0);
        for (int back = 0; back < policy.monthly(); back++) {
            LocalDate sunday = firstSunday(newest.minusMonths(back));
            // The very first month begins with a full that was taken for want of one.
            if (YearMonth.from(sunday).isAfter(YearMonth.from(BEGIN))) {
                assertThat(hasFullOf(sunday)).as("%s on %s", sunday, today).isTrue();
            }
        }
    }

    private static LocalDate firstSunday(YearMonth month) {
        return month.atDay(1).with(TemporalAdjusters.nextOrSame(DayOfWeek.SUNDAY));
    }

    private void requireYears(RetentionPolicy policy, LocalDate today) {
        for (int back = 1; back < policy.yearly(); back++) {
            LocalDate end = LocalDate.of(today.getYear() - back, 12, 31)
                    .with(TemporalAdjusters.previousOrSame(DayOfWeek.SUNDAY));
            if (end.isAfter(BEGIN)) {
                assertThat(hasFullOf(end)).as("%s on %s", end, today).isTrue();
            }
        }
    }
}
