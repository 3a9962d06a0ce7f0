package io.pgbk.cli.info;

import io.pgbk.cli.info.InfoReport.BackupInfo;
import io.pgbk.cli.info.InfoReport.TimelineInfo;
import io.pgbk.cli.output.Units;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tree of timelines in plain characters: where each left its parent and which backups lie on it. A timeline that is
 * its parent's only child goes on in the parent's column, so that many promotions in a row stay readable.
 */
final class TimelinePicture {
    private final Map<Integer, List<TimelineInfo>> children = new HashMap<>();
    private final Map<Integer, List<BackupInfo>> backups = new HashMap<>();
    private final List<String> lines = new ArrayList<>();

    private TimelinePicture() {}

    /** The lines; none for a single timeline, which needs no picture. */
    static List<String> lines(List<TimelineInfo> timelines, List<BackupInfo> backups, String indentation) {
        if (timelines.size() < 2) {
            return List.of();
        }
        TimelinePicture picture = new TimelinePicture();
        backups.forEach(backup -> picture.backups
                .computeIfAbsent(backup.timeline(), timeline -> new ArrayList<>())
                .add(backup));
        Set<Integer> known = new HashSet<>();
        timelines.forEach(timeline -> known.add(timeline.timeline()));
        List<TimelineInfo> roots = new ArrayList<>();
        for (TimelineInfo timeline : timelines) {
            Integer parent = timeline.parent();
            // A child's number is higher than its parent's, so nothing goes round in a circle.
            if (parent != null && known.contains(parent) && Integer.compareUnsigned(parent, timeline.timeline()) < 0) {
                picture.children
                        .computeIfAbsent(parent, number -> new ArrayList<>())
                        .add(timeline);
            } else {
                roots.add(timeline);
            }
        }
        roots.forEach(root -> picture.draw(root, indentation, ""));
        return picture.lines;
    }

    private void draw(TimelineInfo first, String indentation, String branch) {
        TimelineInfo timeline = first;
        lines.add(indentation + branch + describe(timeline));
        String column = indentation + (branch.isEmpty() ? "" : branch.equals("+- ") ? "|  " : "   ");
        List<TimelineInfo> next = childrenOf(timeline);
        while (next.size() == 1) {
            timeline = next.getFirst();
            lines.add(column + describe(timeline));
            next = childrenOf(timeline);
        }
        for (int i = 0; i < next.size(); i++) {
            draw(next.get(i), column, i < next.size() - 1 ? "+- " : "`- ");
        }
    }

    private List<TimelineInfo> childrenOf(TimelineInfo timeline) {
        List<TimelineInfo> found = new ArrayList<>(children.getOrDefault(timeline.timeline(), List.of()));
        found.sort(Comparator.comparing(TimelineInfo::timeline, Integer::compareUnsigned));
        return found;
    }

    private String describe(TimelineInfo timeline) {
        StringBuilder text = new StringBuilder("timeline ").append(Integer.toUnsignedString(timeline.timeline()));
        Integer parent = timeline.parent();
        if (parent != null) {
            text.append(" from ")
                    .append(Integer.toUnsignedString(parent))
                    .append(" at ")
                    .append(timeline.switchLsn());
        }
        text.append(": ");
        String firstWal = timeline.firstWal();
        String lastWal = timeline.lastWal();
        text.append(firstWal == null ? "no WAL" : lastWal == null ? firstWal : firstWal + " to " + lastWal);
        if (!timeline.gaps().isEmpty()) {
            text.append(" with ").append(Units.count(timeline.gaps().size(), "GAP", "GAPS"));
        }
        List<BackupInfo> here = backups.getOrDefault(timeline.timeline(), List.of());
        if (!here.isEmpty()) {
            text.append(", ")
                    .append(Units.count(here.size(), "backup", "backups"))
                    .append(here.size() == 1 ? " " : ", the last ")
                    .append(here.getLast().label());
        }
        return text.toString();
    }
}
