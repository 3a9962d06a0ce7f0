package io.pgbk.catalog.repository.retention;

import java.time.ZonedDateTime;
import java.time.temporal.IsoFields;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** The rules that are applied to one line: the last good backup, the count and the calendar. */
final class LineRules {
    private final RetentionPolicy policy;
    private final TimelineEnd line;
    private final String where;
    private final KeptReasons reasons;

    /**
     * The rules for a line.
     *
     * @param where the line as reasons name it, behind what they count
     */
    LineRules(RetentionPolicy policy, TimelineEnd line, String where, KeptReasons reasons) {
        this.policy = policy;
        this.line = line;
        this.where = where;
        this.reasons = reasons;
    }

    /**
     * Says which of these stay.
     *
     * @param there backups from which replay reaches the line's end, in their order, without those that are being
     *     removed
     */
    void apply(List<Candidate> there) {
        Optional<Candidate> lastGood =
                there.reversed().stream().filter(Candidate::counts).findFirst();
        if (lastGood.isEmpty()) {
            there.forEach(backup -> keep(backup, "there is no good backup" + where));
            return;
        }
        keep(lastGood.get(), "the last good backup" + where);
        // Nothing replaces it: the newest good one is older.
        there.stream()
                .filter(backup -> Candidate.ORDER.compare(backup, lastGood.get()) > 0)
                .forEach(backup -> keep(backup, "newer than the last good backup"));
        count(there);
        calendar(there);
    }

    private void keep(Candidate backup, String reason) {
        reasons.keepWithWalTo(line, backup, reason);
    }

    private void count(List<Candidate> there) {
        if (policy.full().isEmpty()) {
            return;
        }
        int wanted = policy.full().getAsInt();
        List<Candidate> fulls = there.reversed().stream()
                .filter(Candidate::countsAsFull)
                .limit(wanted)
                .toList();
        if (fulls.size() < wanted) {
            there.forEach(backup ->
                    keep(backup, "only " + fulls.size() + " of " + wanted + " good full backups are there" + where));
            return;
        }
        Candidate oldest = fulls.getLast();
        for (Candidate backup : there) {
            if (fulls.contains(backup)) {
                keep(backup, "one of the " + wanted + " newest good full backups" + where);
            } else if (Candidate.ORDER.compare(backup, oldest) > 0) {
                keep(backup, "newer than full backup " + oldest.label());
            }
        }
    }

    private void calendar(List<Candidate> there) {
        List<Candidate> fulls = there.stream().filter(Candidate::countsAsFull).toList();
        periods(fulls, policy.weekly(), false, LineRules::week, "first full backup of week ");
        periods(fulls, policy.monthly(), false, LineRules::month, "first full backup of month ");
        periods(fulls, policy.yearly(), true, LineRules::year, "last full backup of year ");
    }

    private void periods(
            List<Candidate> fulls, int wanted, boolean last, Function<ZonedDateTime, String> period, String reason) {
        NavigableMap<String, Candidate> chosen = new TreeMap<>();
        for (Candidate full : fulls) {
            chosen.merge(
                    period.apply(full.stopTime().atZone(policy.zone())),
                    full,
                    (first, second) -> second.stopTime().isBefore(first.stopTime()) == last ? first : second);
        }
        chosen.descendingMap().entrySet().stream()
                .limit(wanted)
                .forEach(entry -> reasons.keep(entry.getValue(), reason + entry.getKey()));
    }

    private static String week(ZonedDateTime time) {
        return String.format(
                Locale.ROOT,
                "%04d-W%02d",
                time.get(IsoFields.WEEK_BASED_YEAR),
                time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
    }

    private static String month(ZonedDateTime time) {
        return String.format(Locale.ROOT, "%04d-%02d", time.getYear(), time.getMonthValue());
    }

    private static String year(ZonedDateTime time) {
        return String.format(Locale.ROOT, "%04d", time.getYear());
    }
}
