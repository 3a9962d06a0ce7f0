package io.pgbk.cli.info;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.info.InfoReport.BackupInfo;
import io.pgbk.cli.info.InfoReport.DamagedInfo;
import io.pgbk.cli.info.InfoReport.DrillInfo;
import io.pgbk.cli.info.InfoReport.GapInfo;
import io.pgbk.cli.info.InfoReport.IncarnationInfo;
import io.pgbk.cli.info.InfoReport.RepositoryInfo;
import io.pgbk.cli.info.InfoReport.RunningInfo;
import io.pgbk.cli.info.InfoReport.TimelineInfo;
import io.pgbk.cli.info.InfoReport.VerifyInfo;
import io.pgbk.cli.info.InfoReport.WindowInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InfoTextTest {
    private static final Instant TIME = Instant.parse("2026-11-21T03:15:00Z");

    @Test
    void everythingThatADbaMustSeeIsThere() {
        BackupInfo backup = new BackupInfo(
                "20261121T031500Z-7k2f-full",
                "full",
                null,
                "there is no full backup yet",
                "20261120T031500Z-4m4m-incr",
                2,
                TIME,
                TIME.plusSeconds(60),
                "0/2000028",
                "0/2000100",
                3L << 30,
                200 << 20,
                1500,
                2,
                true,
                true,
                true,
                Map.of("ticket", "4711"),
                new VerifyInfo(TIME, "damaged", 100, 30, 100, TIME, "pack 3"),
                new DrillInfo(TIME, false, 12.5, "no table"));
        BackupInfo incremental = new BackupInfo(
                "20261121T041500Z-9x9x-incr",
                "incremental",
                "20261121T031500Z-7k2f-full",
                null,
                null,
                2,
                TIME,
                TIME.plusSeconds(7200),
                "0/4000028",
                "0/4000100",
                3L << 30,
                2 << 20,
                1500,
                0,
                false,
                false,
                false,
                Map.of(),
                new VerifyInfo(TIME, "sound", 2.5, 30, 99.99, null, null),
                null);
        InfoReport report = new InfoReport(
                "main",
                TIME.plusSeconds(7300),
                List.of(
                        new RepositoryInfo(
                                "primary",
                                "s3://backups/pg",
                                false,
                                List.of(new IncarnationInfo(
                                        1,
                                        "7710513691407393264",
                                        16,
                                        List.of(
                                                new TimelineInfo(
                                                        1,
                                                        null,
                                                        null,
                                                        "000000010000000000000001",
                                                        null,
                                                        List.of(),
                                                        List.of(new GapInfo(
                                                                "000000010000000000000003",
                                                                "000000010000000000000004")),
                                                        List.of(new GapInfo(
                                                                "000000010000000000000006",
                                                                "000000010000000000000006"))),
                                                new TimelineInfo(
                                                        2,
                                                        1,
                                                        "0/3000000",
                                                        "000000020000000000000003",
                                                        "000000020000000000000009",
                                                        List.of(
                                                                new GapInfo(
                                                                        "000000020000000000000005",
                                                                        "000000020000000000000005"),
                                                                new GapInfo(
                                                                        "000000020000000000000007",
                                                                        "000000020000000000000008")),
                                                        List.of(),
                                                        List.of())),
                                        List.of(new WindowInfo(2, TIME, TIME.plusSeconds(3600))),
                                        List.of(backup, incremental))),
                                List.of(new RunningInfo("20261121T041500Z-abcd-full", "db1, process 7", TIME, TIME)),
                                List.of(new DamagedInfo(
                                        "20261120T031500Z-qqqq-full", "object-damaged", "object x is damaged")),
                                null,
                                new LagInfo(
                                        "near",
                                        12,
                                        201_326_592,
                                        1,
                                        "000000020000000000000005",
                                        TIME.plusSeconds(100),
                                        null)),
                        new RepositoryInfo(
                                "empty", "file:///srv/pgbk", true, List.of(), List.of(), List.of(), null, null),
                        RepositoryInfo.failed("far", "s3://far/pg", true, "repository-unreachable", "no answer")));

        assertThat(String.join("\n", InfoText.lines(report))).isEqualTo("""
                cluster main in repository primary, s3://backups/pg, NOT encrypted
                  wal: repaired; it lacks 12 segments (192 MiB) from 000000020000000000000005 on that repository near has, the oldest archived 2 h ago
                  PostgreSQL 16, system identifier 7710513691407393264 (incarnation 1)

                  RESTORABLE FROM       TO                    TIMELINE
                  2026-11-21 03:15:00Z  2026-11-21 04:15:00Z         2

                  BACKUP                      PARENT                      ENDED                 TIMELINE  DATABASE   STORED  ITS OWN  REMARKS
                  20261121T031500Z-7k2f-full                              2026-11-21 03:16:00Z         2   3.0 GiB  200 MiB  1.5 KiB  pinned, being removed, written from 20261120T031500Z-4m4m-incr, full because there is no full backup yet, from a standby, 2 PAGES FAIL CHECKSUM, FOUND damaged 2 h ago, 100 %, DRILL FAILED 2026-11-21 03:15:00Z, ticket=4711
                  20261121T041500Z-9x9x-incr  20261121T031500Z-7k2f-full  2026-11-21 05:15:00Z         2   3.0 GiB  2.0 MiB  1.5 KiB  sound 2 h ago, 2.5 % (99.9 % in 30 days)

                  TIMELINE  FROM            FIRST WAL                 LAST WAL                  GAPS
                         1                  000000010000000000000001                            none; removed by expire: 000000010000000000000003 to 000000010000000000000004; left out by a copy: 000000010000000000000006
                         2  1 at 0/3000000  000000020000000000000003  000000020000000000000009  000000020000000000000005, 000000020000000000000007 to 000000020000000000000008

                  timeline 1: 000000010000000000000001
                  timeline 2 from 1 at 0/3000000: 000000020000000000000003 to 000000020000000000000009 with 2 GAPS, 2 backups, the last 20261121T041500Z-9x9x-incr
                  DAMAGED backup 20261120T031500Z-qqqq-full: object x is damaged
                  not finished: 20261121T041500Z-abcd-full by db1, process 7, last sign of life 2026-11-21 03:15:00Z

                cluster main in repository empty, file:///srv/pgbk, encrypted
                  the cluster is not in this repository; run pgbk init

                cluster main in repository far, s3://far/pg: NOT KNOWN, no answer""");
    }
}
