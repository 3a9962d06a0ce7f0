package io.pgbk.catalog.repository.retention;

import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.temporal.IsoFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Decides what a policy keeps. Rules count within one incarnation, and only good backups count: one with page errors or
 * a negative verdict neither fills a place nor lets an older good one go. The order is that of incarnation, timeline and
 * LSN; times only place backups in windows and calendars. Makes no request.
 */
public final class ExpirePlanner {
    private final RetentionPolicy policy;
    private final List<TimelineEnd> ends;
    private final Instant now;

    /**
     * A planner.
     *
     * @param ends of every incarnation
     * @param now the time that clean-up may trust
     */
    public ExpirePlanner(RetentionPolicy policy, List<TimelineEnd> ends, Instant now) {
        this.policy = policy;
        this.ends = List.copyOf(ends);
        this.now = now;
    }

    /** What of these committed backups stays, and which WAL with them. */
    public ExpirePlan plan(List<Candidate> all) {
        List<Candidate> backups = all.stream().sorted(Candidate.ORDER).toList();
        KeptReasons reasons = new KeptReasons();
        for (int incarnation :
                new TreeSet<>(backups.stream().map(Candidate::incarnation).toList())) {
            apply(
                    backups.stream()
                            .filter(backup -> backup.incarnation() == incarnation)
                            .toList(),
                    incarnation,
                    reasons);
        }
        reasons.close(backups);
        List<ExpirePlan.Kept> keep = new ArrayList<>();
        List<ExpirePlan.Removed> remove = new ArrayList<>();
        for (Candidate backup : backups) {
            if (backup.expiring()) {
                remove.add(new ExpirePlan.Removed(backup.label(), "is being removed already"));
            } else if (reasons.keeps(backup)) {
                keep.add(new ExpirePlan.Kept(backup.label(), reasons.of(backup)));
            } else {
                remove.add(new ExpirePlan.Removed(
                        backup.label(),
                        backup.good()
                                ? "no rule keeps it"
                                : "no rule keeps it, and it has page errors or a negative verdict"));
            }
        }
        return new ExpirePlan(keep, remove, new WalPlanner(policy, ends, now).plan(backups, reasons));
    }

    private void apply(List<Candidate> backups, int incarnation, KeptReasons reasons) {
        List<Candidate> there =
                backups.stream().filter(backup -> !backup.expiring()).toList();
        there.stream().filter(Candidate::pinned).forEach(backup -> reasons.keep(backup, "pinned"));
        Optional<Candidate> lastGood =
                there.reversed().stream().filter(Candidate::counts).findFirst();
        lastGood.ifPresent(backup -> reasons.keepWithWal(backup, "the last good backup of incarnation " + incarnation));
        if (policy.keepsEverything()) {
            there.forEach(backup -> reasons.keepWithWal(backup, "the policy has no rule"));
        } else if (lastGood.isEmpty()) {
            there.forEach(backup -> reasons.keepWithWal(backup, "there is no good backup"));
        } else {
            // Nothing replaces it: the newest good one is older.
            there.stream()
                    .filter(backup -> Candidate.ORDER.compare(backup, lastGood.get()) > 0)
                    .forEach(backup -> reasons.keepWithWal(backup, "newer than the last good backup"));
            count(there, reasons);
            window(there, incarnation, reasons);
            calendar(there, reasons);
        }
    }

    private void count(List<Candidate> there, KeptReasons reasons) {
        if (policy.full().isEmpty()) {
            return;
        }
        int wanted = policy.full().getAsInt();
        List<Candidate> fulls = there.reversed().stream()
                .filter(Candidate::countsAsFull)
                .limit(wanted)
                .toList();
        if (fulls.size() < wanted) {
            there.forEach(backup -> reasons.keepWithWal(
                    backup, "only " + fulls.size() + " of " + wanted + " good full backups are there"));
            return;
        }
        Candidate oldest = fulls.getLast();
        for (Candidate backup : there) {
            if (fulls.contains(backup)) {
                reasons.keepWithWal(backup, "one of the " + wanted + " newest good full backups");
            } else if (Candidate.ORDER.compare(backup, oldest) > 0) {
                reasons.keepWithWal(backup, "newer than full backup " + oldest.label());
            }
        }
    }

    /** Every end of the tree that lived in the window needs a backup that was complete when the window began. */
    private void window(List<Candidate> there, int incarnation, KeptReasons reasons) {
        if (policy.window().isEmpty()) {
            return;
        }
        Instant start = now.minus(policy.window().get());
        for (Candidate backup : there) {
            if (backup.stopTime().isAfter(start)) {
                reasons.keepWithWal(backup, "in the window that begins " + start);
            }
        }
        for (TimelineEnd end : ends) {
            if (end.incarnation() == incarnation && !end.isQuietSince(start)) {
                List<Candidate> before = there.reversed().stream()
                        .filter(backup -> !backup.stopTime().isAfter(start) && end.continues(backup))
                        .toList();
                before.stream()
                        .filter(Candidate::good)
                        .findFirst()
                        .or(() -> before.stream().findFirst())
                        .ifPresent(base -> reasons.keepWithWal(
                                base,
                                "reaches the window's beginning " + start + " on the way to timeline "
                                        + Integer.toUnsignedString(end.history().timeline())));
            }
        }
    }

    private void calendar(List<Candidate> there, KeptReasons reasons) {
        List<Candidate> fulls = there.stream().filter(Candidate::countsAsFull).toList();
        periods(fulls, policy.weekly(), false, ExpirePlanner::week, "first full backup of week ", reasons);
        periods(fulls, policy.monthly(), false, ExpirePlanner::month, "first full backup of month ", reasons);
        periods(fulls, policy.yearly(), true, ExpirePlanner::year, "last full backup of year ", reasons);
    }

    private void periods(
            List<Candidate> fulls,
            int wanted,
            boolean last,
            Function<ZonedDateTime, String> period,
            String reason,
            KeptReasons reasons) {
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
