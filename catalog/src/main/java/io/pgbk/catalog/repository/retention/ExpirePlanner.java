package io.pgbk.catalog.repository.retention;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Decides what a policy keeps. Rules count within one incarnation, there for each line of the timeline tree that may
 * live, and only good backups count: one with page errors or a negative verdict neither fills a place nor lets an older
 * good one go. The order is that of incarnation, timeline and LSN; times only place backups in windows and calendars, and
 * tell which lines were left. Makes no request.
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
        Map<Integer, Lines> lines = new HashMap<>();
        for (int incarnation :
                new TreeSet<>(backups.stream().map(Candidate::incarnation).toList())) {
            List<Candidate> ofIncarnation = backups.stream()
                    .filter(backup -> backup.incarnation() == incarnation)
                    .toList();
            Lines found =
                    Lines.of(incarnation, ends, ofIncarnation, policy.full().orElse(1), now);
            lines.put(incarnation, found);
            apply(ofIncarnation, incarnation, found, reasons);
        }
        reasons.close(backups);
        List<ExpirePlan.Kept> keep = new ArrayList<>();
        List<ExpirePlan.Removed> remove = new ArrayList<>();
        for (Candidate backup : backups) {
            if (backup.expiring()) {
                remove.add(new ExpirePlan.Removed(backup.label(), "is being removed already"));
            } else if (reasons.keeps(backup)) {
                keep.add(new ExpirePlan.Kept(backup.label(), reasons.of(backup), reasons.wants(backup)));
            } else {
                Optional<TimelineEnd> successor =
                        Optional.ofNullable(lines.get(backup.incarnation())).flatMap(found -> found.successor(backup));
                remove.add(new ExpirePlan.Removed(backup.label(), whyNot(backup, successor)));
            }
        }
        List<TimelineEnd> ways = new ArrayList<>(ends);
        lines.values()
                .forEach(found -> found.all().stream()
                        .filter(line -> !ends.contains(line))
                        .forEach(ways::add));
        return new ExpirePlan(keep, remove, new WalPlanner(policy, ways, now).plan(backups, reasons));
    }

    private static String whyNot(Candidate backup, Optional<TimelineEnd> successor) {
        String reason = successor
                .map(line -> "its branch was left, and timeline "
                        + Integer.toUnsignedString(line.history().timeline()) + " has newer full backups")
                .orElse("no rule keeps it");
        return backup.good() ? reason : reason + ", and it has page errors or a negative verdict";
    }

    private void apply(List<Candidate> backups, int incarnation, Lines lines, KeptReasons reasons) {
        List<Candidate> there =
                backups.stream().filter(backup -> !backup.expiring()).toList();
        there.stream().filter(Candidate::pinned).forEach(backup -> reasons.keep(backup, "pinned"));
        if (policy.keepsEverything()) {
            there.forEach(backup -> reasons.keepWithWal(backup, "the policy has no rule"));
        } else if (there.stream().noneMatch(Candidate::counts)) {
            there.forEach(backup -> reasons.keepWithWal(backup, "there is no good backup"));
        } else {
            for (TimelineEnd line : lines.living()) {
                String where = lines.all().size() == 1
                        ? " of incarnation " + incarnation
                        : " on the way to timeline "
                                + Integer.toUnsignedString(line.history().timeline());
                new LineRules(policy, line, where, reasons)
                        .apply(there.stream().filter(line::continues).toList());
            }
            keepLastGood(there, incarnation, reasons);
            window(there, lines, reasons);
        }
    }

    /** Whatever is said of the lines, an incarnation is never left without a good backup. */
    private static void keepLastGood(List<Candidate> there, int incarnation, KeptReasons reasons) {
        if (there.stream().noneMatch(backup -> backup.counts() && reasons.keeps(backup))) {
            there.reversed().stream()
                    .filter(Candidate::counts)
                    .findFirst()
                    .ifPresent(backup ->
                            reasons.keepWithWal(backup, "the last good backup of incarnation " + incarnation));
        }
    }

    /** Every end of the tree that lived in the window needs a backup that was complete when the window began. */
    private void window(List<Candidate> there, Lines lines, KeptReasons reasons) {
        if (policy.window().isEmpty()) {
            return;
        }
        Instant start = now.minus(policy.window().get());
        for (Candidate backup : there) {
            if (backup.stopTime().isAfter(start)) {
                reasons.keepWithWal(backup, "in the window that begins " + start);
            }
        }
        for (TimelineEnd end : lines.all()) {
            if (!end.isQuietSince(start)) {
                List<Candidate> before = there.reversed().stream()
                        .filter(backup -> !backup.stopTime().isAfter(start) && end.continues(backup))
                        .toList();
                before.stream()
                        .filter(Candidate::good)
                        .findFirst()
                        .or(() -> before.stream().findFirst())
                        .ifPresent(base -> reasons.keepWithWalTo(
                                end,
                                base,
                                "reaches the window's beginning " + start + " on the way to timeline "
                                        + Integer.toUnsignedString(end.history().timeline())));
            }
        }
    }
}
