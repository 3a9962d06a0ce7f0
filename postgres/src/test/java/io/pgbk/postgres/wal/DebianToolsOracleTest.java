package io.pgbk.postgres.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentScanner.Expectation;
import io.pgbk.postgres.wal.WalSegmentScanner.TimelineRule;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.Tools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** pg_waldump and pg_controldata of PostgreSQL 15 as judges of the WAL reader and of the reader of pg_control. */
class DebianToolsOracleTest {
    private static final int MAJOR = 15;
    private static final Pattern DUMPED =
            Pattern.compile("rmgr: (\\S+)\\s+len \\(rec/tot\\):\\s*\\d+/\\s*(\\d+), tx:\\s*(\\d+),"
                    + " lsn: ([0-9A-F]+/[0-9A-F]+), prev ([0-9A-F]+/[0-9A-F]+), desc: (.*)");
    private static final Pattern COMMIT = Pattern.compile("(COMMIT|ABORT) (\\S+ \\S+ UTC).*");
    private static final List<String> MANAGERS = List.of(
            "XLOG",
            "Transaction",
            "Storage",
            "CLOG",
            "Database",
            "Tablespace",
            "MultiXact",
            "RelMap",
            "Standby",
            "Heap2",
            "Heap",
            "Btree");

    private static PostgresServer server;
    private static WalSegmentName segment;
    private static WalSegmentSize size;

    @BeforeAll
    static void live() {
        server = PostgresServer.builder(MAJOR)
                .withWalSegmentMiB(16)
                .withSetting("max_prepared_transactions", "2")
                .start();
        size = new WalSegmentSize(16 << 20);
        server.switchWal();
        server.sql(
                "create table a (id int primary key, t text)",
                "insert into a select g, repeat('x', g % 300) from generate_series(1, 3000) g",
                "create database d strategy file_copy",
                "drop database d",
                "truncate a",
                "begin; insert into a values (1, 'prepared'); prepare transaction 'p'",
                "commit prepared 'p'",
                "begin; insert into a values (2, 'undone'); rollback",
                "select pg_create_restore_point('here')",
                "drop table a");
        segment = WalSegmentName.parse(server.switchWal());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Path tool(String name) {
        Optional<Path> tool = Tools.find(MAJOR, name);
        assumeTrue(
                tool.isPresent(), "NOT TESTED: " + name + " of PostgreSQL 15 is not installed, bin/test installs it");
        return tool.get();
    }

    private static byte[] content() throws IOException {
        return Files.readAllBytes(server.dataDirectory().resolve("pg_wal").resolve(segment.toString()));
    }

    /** A line of pg_waldump's. */
    private record Dumped(String manager, String totalBytes, String xid, Lsn previous, String description) {}

    /** What pg_waldump prints of the segment, by address. */
    private static Map<Lsn, Dumped> dumped() {
        Path waldump = tool("pg_waldump");
        CommandOutcome outcome = Tools.run(
                server,
                waldump,
                Map.of("TZ", "UTC"),
                "--path=" + server.dataDirectory().resolve("pg_wal"),
                "--end=" + segment.endLsn(size),
                segment.toString());
        Map<Lsn, Dumped> records = new TreeMap<>();
        for (String line : outcome.orThrow().stdout().lines().toList()) {
            Matcher record = DUMPED.matcher(line);
            if (record.lookingAt()) {
                records.put(
                        Lsn.parse(record.group(4)),
                        new Dumped(
                                record.group(1),
                                record.group(2),
                                record.group(3),
                                Lsn.parse(record.group(5)),
                                record.group(6)));
            }
        }
        assertThat(records).hasSizeGreaterThan(500);
        return records;
    }

    @Test
    void everyRecordIsTheOneThatPgWaldumpSees() throws IOException {
        List<String> ours = new ArrayList<>();
        RecordAssembler records = new RecordAssembler(size, new RecordAssembler.Sink() {
            @Override
            public boolean wantsBody(WalRecord.Header header) {
                return false;
            }

            @Override
            public void record(WalRecord record) {
                int manager = record.header().resourceManager();
                ours.add(String.join(
                        " ",
                        record.lsn().toString(),
                        record.header().previous().toString(),
                        Integer.toUnsignedString(record.header().xid()),
                        Long.toString(record.header().totalBytes()),
                        manager < MANAGERS.size() ? MANAGERS.get(manager) : "another"));
            }
        });
        byte[] wal = content();
        for (int at = 0; at < wal.length && !records.isSwitched(); at += 8192) {
            byte[] page = Arrays.copyOfRange(wal, at, at + 8192);
            records.page(
                    page,
                    WalPageHeader.read(ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN)),
                    segment.startLsn(size).plus(at));
        }
        List<String> theirs = new ArrayList<>();
        dumped().forEach((lsn, record) -> theirs.add(String.join(
                " ",
                lsn.toString(),
                record.previous().toString(),
                record.xid(),
                record.totalBytes(),
                MANAGERS.contains(record.manager()) ? record.manager() : "another")));
        assertThat(ours).isEqualTo(theirs);
    }

    @Test
    void everyCommitAbortAndRestorePointIsTheOneThatPgWaldumpSees() throws IOException {
        TreeSet<String> ours = new TreeSet<>();
        PgControl control = control();
        WalSegmentScanner scanner = new WalSegmentScanner(
                new Expectation(
                        segment,
                        size,
                        control.systemIdentifier(),
                        PostgresMajor.of(MAJOR),
                        TimelineRule.of(TimelineHistory.root(1)),
                        false),
                event -> {
                    switch (event) {
                        case WalEvents.TransactionEnd end ->
                            ours.add(end.lsn()
                                    + (end.committed() ? " commit " : " abort ")
                                    + PgTime.toMicros(end.time()));
                        case WalEvents.RestorePoint point -> ours.add(point.lsn() + " point " + point.name());
                        default -> {
                            // The rest is compared with what SQL says elsewhere.
                        }
                    }
                });
        scanner.update(ByteBuffer.wrap(content()));
        scanner.finish();
        TreeSet<String> theirs = new TreeSet<>();
        dumped().forEach((lsn, record) -> {
            String text = record.description().replace("_PREPARED", "").replaceFirst("^(COMMIT|ABORT) \\d+: ", "$1 ");
            Matcher end = COMMIT.matcher(text);
            if (record.manager().equals("Transaction") && end.matches()) {
                theirs.add(lsn + " " + end.group(1).toLowerCase(Locale.ROOT) + " " + micros(end.group(2)));
            }
            if (text.startsWith("RESTORE_POINT ")) {
                theirs.add(lsn + " point " + text.substring("RESTORE_POINT ".length()));
            }
        });
        assertThat(ours).isEqualTo(theirs).hasSizeGreaterThan(8);
    }

    private static long micros(String time) {
        return Long.parseLong(server.queryOne(
                "select ((extract(epoch from ?::text::timestamptz) - 946684800) * 1000000)::bigint", time));
    }

    // ---- pg_control

    private static PgControl control() throws IOException {
        return PgControl.parse(Files.readAllBytes(server.dataDirectory().resolve("global/pg_control")));
    }

    @Test
    void pgControlIsWhatPgControldataPrints() throws IOException {
        Path controldata = tool("pg_controldata");
        server.sql("checkpoint");
        Map<String, String> theirs = new TreeMap<>();
        Tools.run(
                        server,
                        controldata,
                        Map.of("TZ", "UTC"),
                        server.dataDirectory().toString())
                .orThrow()
                .stdout()
                .lines()
                .forEach(line -> {
                    int colon = line.indexOf(':', line.startsWith("Latest checkpoint's") ? 20 : 0);
                    theirs.put(
                            line.substring(0, colon), line.substring(colon + 1).strip());
                });
        PgControl control = control();
        Map<String, String> ours = new TreeMap<>();
        ours.put("pg_control version number", Integer.toString(control.controlVersion()));
        ours.put("Catalog version number", Integer.toString(control.catalogVersion()));
        ours.put("Database system identifier", control.systemIdentifierText());
        ours.put("Database cluster state", "in production");
        ours.put("Latest checkpoint location", control.checkpointLsn().toString());
        PgControl.Checkpoint checkpoint = control.checkpoint();
        ours.put("Latest checkpoint's REDO location", checkpoint.redoLsn().toString());
        ours.put("Latest checkpoint's TimeLineID", Integer.toUnsignedString(checkpoint.timeline()));
        ours.put("Latest checkpoint's PrevTimeLineID", Integer.toUnsignedString(checkpoint.previousTimeline()));
        ours.put("Latest checkpoint's full_page_writes", checkpoint.fullPageWrites() ? "on" : "off");
        ours.put("Minimum recovery ending location", control.minRecoveryPoint().toString());
        ours.put("Min recovery ending loc's timeline", Integer.toUnsignedString(control.minRecoveryPointTimeline()));
        ours.put("Backup start location", control.backupStartPoint().toString());
        ours.put("Backup end location", control.backupEndPoint().toString());
        ours.put("End-of-backup record required", control.backupEndRequired() ? "yes" : "no");
        ours.put("wal_level setting", "replica");
        ours.put("max_connections setting", Integer.toString(control.settings().maxConnections()));
        ours.put(
                "max_worker_processes setting",
                Integer.toString(control.settings().maxWorkerProcesses()));
        ours.put("max_wal_senders setting", Integer.toString(control.settings().maxWalSenders()));
        ours.put(
                "max_prepared_xacts setting",
                Integer.toString(control.settings().maxPreparedTransactions()));
        ours.put(
                "max_locks_per_xact setting",
                Integer.toString(control.settings().maxLocksPerTransaction()));
        ours.put("track_commit_timestamp setting", control.settings().trackCommitTimestamp() ? "on" : "off");
        ours.put("Maximum data alignment", Integer.toString(control.maxAlign()));
        ours.put("Database block size", Integer.toString(control.blockBytes()));
        ours.put("Blocks per segment of large relation", Integer.toString(control.relationSegmentBlocks()));
        ours.put("WAL block size", Integer.toString(control.walBlockBytes()));
        ours.put(
                "Bytes per WAL segment",
                Integer.toString(control.walSegmentSize().bytes()));
        ours.put("Data page checksum version", Integer.toString(control.dataChecksumVersion()));
        assertThat(theirs).containsAllEntriesOf(ours);
        assertThat(control.state()).isEqualTo(PgControl.State.IN_PRODUCTION);
        assertThat(control.settings().walLevel()).isEqualTo(PgControl.WalLevel.REPLICA);
    }
}
