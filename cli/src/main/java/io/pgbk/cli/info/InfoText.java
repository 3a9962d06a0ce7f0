package io.pgbk.cli.info;

import io.pgbk.cli.info.InfoReport.BackupInfo;
import io.pgbk.cli.info.InfoReport.GapInfo;
import io.pgbk.cli.info.InfoReport.IncarnationInfo;
import io.pgbk.cli.info.InfoReport.RepositoryInfo;
import io.pgbk.cli.info.InfoReport.TimelineInfo;
import io.pgbk.cli.info.InfoReport.VerifyInfo;
import io.pgbk.cli.output.TextTable;
import io.pgbk.cli.output.Units;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The information for a DBA's eyes: first what can be restored, then with which backups, then from which WAL. */
public final class InfoText {
    private InfoText() {}

    /** The lines. */
    public static List<String> lines(InfoReport report) {
        List<String> lines = new ArrayList<>();
        for (RepositoryInfo repository : report.repositories()) {
            var error = repository.error();
            if (error != null) {
                lines.add("cluster " + report.cluster() + " in repository " + repository.name() + ", "
                        + repository.url() + ": NOT KNOWN, " + error.message());
                lines.add("");
                continue;
            }
            lines.add("cluster " + report.cluster() + " in repository " + repository.name() + ", " + repository.url()
                    + (repository.encrypted() ? ", encrypted" : ", NOT encrypted"));
            if (repository.incarnations().isEmpty()) {
                lines.add("  the cluster is not in this repository; run pgbk init");
            }
            LagInfo lag = repository.lag();
            if (lag != null) {
                lines.add("  wal: repaired; " + lag.text(report.time()));
            }
            repository.incarnations().forEach(incarnation -> incarnation(incarnation, report.time(), lines));
            repository
                    .damaged()
                    .forEach(damaged -> lines.add("  DAMAGED backup " + damaged.label() + ": " + damaged.message()));
            repository
                    .running()
                    .forEach(running -> lines.add("  not finished: " + running.label() + " by " + running.owner()
                            + ", last sign of life " + Units.time(running.lastAlive())));
            lines.add("");
        }
        if (!lines.isEmpty()) {
            lines.removeLast();
        }
        return lines;
    }

    private static void incarnation(IncarnationInfo incarnation, Instant now, List<String> lines) {
        lines.add("  PostgreSQL " + incarnation.postgresVersion() + ", system identifier "
                + incarnation.systemIdentifier() + " (incarnation " + incarnation.number() + ")");
        lines.add("");
        if (incarnation.recoveryWindows().isEmpty()) {
            lines.add("  restorable: nothing yet");
        } else {
            TextTable windows = new TextTable("RESTORABLE FROM", "TO", "TIMELINE>");
            incarnation
                    .recoveryWindows()
                    .forEach(window -> windows.row(
                            Units.time(window.from()), Units.time(window.to()), timeline(window.timeline())));
            lines.addAll(windows.lines("  "));
        }
        lines.add("");
        if (incarnation.backups().isEmpty()) {
            lines.add("  backups: none");
        } else {
            TextTable backups = new TextTable(
                    "BACKUP", "PARENT", "ENDED", "TIMELINE>", "DATABASE>", "STORED>", "ITS OWN>", "REMARKS");
            incarnation
                    .backups()
                    .forEach(backup -> backups.row(
                            backup.label(),
                            parent(backup),
                            Units.time(backup.stopTime()),
                            timeline(backup.timeline()),
                            Units.bytes(backup.databaseBytes()),
                            Units.bytes(backup.storedBytes()),
                            Units.bytes(backup.uniqueBytes()),
                            remarks(backup, now)));
            lines.addAll(backups.lines("  "));
        }
        lines.add("");
        if (incarnation.timelines().isEmpty()) {
            lines.add("  WAL: none");
            return;
        }
        TextTable wal = new TextTable("TIMELINE>", "FROM", "FIRST WAL", "LAST WAL", "GAPS");
        incarnation
                .timelines()
                .forEach(timeline -> wal.row(
                        timeline(timeline.timeline()),
                        origin(timeline),
                        timeline.firstWal() == null ? "" : timeline.firstWal(),
                        timeline.lastWal() == null ? "" : timeline.lastWal(),
                        gaps(timeline)));
        lines.addAll(wal.lines("  "));
        List<String> tree = TimelinePicture.lines(incarnation.timelines(), incarnation.backups(), "  ");
        if (!tree.isEmpty()) {
            lines.add("");
            lines.addAll(tree);
        }
    }

    private static String origin(TimelineInfo timeline) {
        Integer parent = timeline.parent();
        return parent == null ? "" : timeline(parent) + " at " + timeline.switchLsn();
    }

    /** Gaps first: what is missing on purpose is no loss. */
    private static String gaps(TimelineInfo timeline) {
        String gaps = timeline.gaps().isEmpty() ? "none" : ranges(timeline.gaps());
        return gaps
                + (timeline.removed().isEmpty() ? "" : "; removed by expire: " + ranges(timeline.removed()))
                + (timeline.leftOut().isEmpty() ? "" : "; left out by a copy: " + ranges(timeline.leftOut()));
    }

    private static String ranges(List<GapInfo> ranges) {
        return ranges.stream()
                .map(range -> range.from() + (range.from().equals(range.to()) ? "" : " to " + range.to()))
                .collect(Collectors.joining(", "));
    }

    private static String remarks(BackupInfo backup, Instant now) {
        List<String> remarks = new ArrayList<>();
        if (backup.pinned()) {
            remarks.add("pinned");
        }
        if (backup.expiring()) {
            remarks.add("being removed");
        }
        if (backup.synthesisedFrom() != null) {
            remarks.add("written from " + backup.synthesisedFrom());
        }
        if (backup.fallbackReason() != null) {
            remarks.add("full because " + backup.fallbackReason());
        }
        if (backup.fromStandby()) {
            remarks.add("from a standby");
        }
        if (backup.pageErrors() > 0) {
            remarks.add(Units.count(backup.pageErrors(), "PAGE FAILS", "PAGES FAIL") + " CHECKSUM");
        }
        var verify = backup.lastVerify();
        if (verify != null) {
            remarks.add(verified(verify, now));
        }
        var drill = backup.lastDrill();
        if (drill != null) {
            remarks.add((drill.good() ? "drilled " : "DRILL FAILED ") + Units.time(drill.time()));
        }
        backup.annotations().forEach((key, value) -> remarks.add(key + "=" + value));
        return String.join(", ", remarks);
    }

    private static String parent(BackupInfo backup) {
        String parent = backup.parent();
        return parent == null ? "" : parent;
    }

    /** The last verdict, its age, and how much was read for it; what samples read together behind it. */
    private static String verified(VerifyInfo verify, Instant now) {
        String verdict = verify.verdict().equals("sound") ? "sound " : "FOUND " + verify.verdict() + " ";
        String together = verify.samplePercent() >= 100
                ? ""
                : " (" + Units.percent(verify.readPercent()) + " in " + verify.readDays() + " days)";
        return verdict + Units.ago(Duration.between(verify.time(), now)) + ", " + Units.percent(verify.samplePercent())
                + together;
    }

    private static String timeline(int timeline) {
        return Integer.toUnsignedString(timeline);
    }
}
