package io.pgbk.cli.info;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.info.InfoReport.BackupInfo;
import io.pgbk.cli.info.InfoReport.GapInfo;
import io.pgbk.cli.info.InfoReport.TimelineInfo;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TimelinePictureTest {
    private static TimelineInfo timeline(int number, @Nullable Integer parent, int gaps) {
        String wal = String.format(java.util.Locale.ROOT, "%08X00000000000000", number);
        List<GapInfo> missing = new ArrayList<>();
        for (int i = 0; i < gaps; i++) {
            missing.add(new GapInfo(wal + "05", wal + "05"));
        }
        return new TimelineInfo(
                number,
                parent,
                parent == null ? null : "0/3000000",
                wal + "01",
                wal + "09",
                missing,
                List.of(),
                List.of());
    }

    private static BackupInfo backup(String label, int timeline) {
        Instant time = Instant.parse("2026-11-21T03:15:00Z");
        return new BackupInfo(
                label, "full", null, null, null, timeline, time, time, "0/1", "0/2", 1, 1, 1, 0, false, false, false,
                Map.of(), null, null);
    }

    @Test
    void branchesAreIndentedAndPromotionsInARowAreNot() {
        List<TimelineInfo> timelines = List.of(
                timeline(1, null, 0),
                timeline(2, 1, 0),
                timeline(3, 2, 1),
                timeline(4, 2, 0),
                timeline(5, 3, 2),
                new TimelineInfo(6, 5, "0/7000000", null, null, List.of(), List.of(), List.of()),
                timeline(7, 5, 0));
        List<BackupInfo> backups = List.of(
                backup("20261121T031500Z-7k2f-full", 1),
                backup("20261122T031500Z-7k2f-incr", 1),
                backup("20261123T031500Z-7k2f-incr", 4));

        assertThat(String.join("\n", TimelinePicture.lines(timelines, backups, "")))
                .isEqualTo("""
                  timeline 1: 000000010000000000000001 to 000000010000000000000009, 2 backups, the last 20261122T031500Z-7k2f-incr
                  timeline 2 from 1 at 0/3000000: 000000020000000000000001 to 000000020000000000000009
                  +- timeline 3 from 2 at 0/3000000: 000000030000000000000001 to 000000030000000000000009 with 1 GAP
                  |  timeline 5 from 3 at 0/3000000: 000000050000000000000001 to 000000050000000000000009 with 2 GAPS
                  |  +- timeline 6 from 5 at 0/7000000: no WAL
                  |  `- timeline 7 from 5 at 0/3000000: 000000070000000000000001 to 000000070000000000000009
                  `- timeline 4 from 2 at 0/3000000: 000000040000000000000001 to 000000040000000000000009, 1 backup 20261123T031500Z-7k2f-incr""");
    }

    @Test
    void aSingleTimelineNeedsNoPicture() {
        assertThat(TimelinePicture.lines(List.of(timeline(1, null, 0)), List.of(), ""))
                .isEmpty();
    }
}
