package io.pgbk.postgres.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.error.PgbkException;
import io.pgbk.postgres.BackupLabel;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PageChecksum;
import io.pgbk.postgres.PageVerdict;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.PostgresMajor;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentScanner.Expectation;
import io.pgbk.postgres.wal.WalSegmentScanner.TimelineRule;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What servers of every major version write, compared with what they say about it by SQL. One server for each. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("majors")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FormatsOnServersTest {
    /** Everything that one server of a version did and said. */
    private record Life(
            PostgresServer server,
            Path archive,
            String tablespacePath,
            long firstXid,
            Map<String, String> restorePointEnds,
            BackupLabel label,
            String labelText,
            Lsn stopLsn) {}

    @SuppressWarnings("NullAway") // set before every invocation of the class
    private static Life life;

    @Parameter
    int major;

    static List<Integer> majors() {
        return PostgresServer.majors();
    }

    @BeforeParameterizedClassInvocation
    static void start(int major) throws SQLException {
        Path archive = AsPostgres.temporaryDirectory("pgformat-archive-");
        Path tablespace = AsPostgres.temporaryDirectory("pgformat-tablespace-");
        PostgresServer server = PostgresServer.builder(major)
                .withChecksums(true)
                .withSetting("wal_level", "logical")
                .withSetting("track_commit_timestamp", "on")
                .withSetting("max_prepared_transactions", "5")
                .withSetting("wal_keep_size", "512MB")
                .withSetting("wal_compression", "on")
                .withArchiveCommand("cp %p " + archive + "/%f")
                .start();
        long firstXid = Long.parseLong(server.queryOne("select txid_current()::text"));
        server.sql(
                "create table a(id int primary key, t text)",
                "insert into a select g, repeat('x', g % 300) from generate_series(1, 5000) g",
                "create tablespace tsx location '" + tablespace + "'",
                "create database d1 tablespace tsx",
                "drop database d1",
                "drop tablespace tsx",
                "create table b as select * from a",
                "truncate b",
                "drop table b");
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("begin; insert into a values (-1, 'p'); savepoint s; insert into a values (-2, 'p');"
                    + " prepare transaction 'one'");
            statement.execute("commit prepared 'one'");
            statement.execute("begin; insert into a values (-3, 'p'); prepare transaction 'two'");
            statement.execute("rollback prepared 'two'");
            statement.execute("begin; insert into a values (-4, 'p'); rollback");
        }
        Map<String, String> points = new HashMap<>();
        points.put("early", server.queryOne("select pg_create_restore_point('early')::text"));
        BackupLabel label;
        String labelText;
        Lsn stop;
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    major < 15
                            ? "select pg_start_backup('a label', true, false)"
                            : "select pg_backup_start('a label', true)");
            // 2.5 MB in one record, and many small ones: records cross every kind of border.
            statement.execute("select pg_logical_emit_message(false, 'x', repeat('z', 2500000))");
            statement.execute("update a set t = t || 'y'");
            for (int i = 0; i < 300; i++) {
                statement.execute("insert into a values (" + (10_000 + i) + ", repeat('q', " + i * 7 + "))");
            }
            ResultSet stopped = statement.executeQuery(
                    major < 15
                            ? "select lsn::text, labelfile from pg_stop_backup(false, false)"
                            : "select lsn::text, labelfile from pg_backup_stop(false)");
            stopped.next();
            stop = Lsn.parse(stopped.getString(1));
            labelText = stopped.getString(2);
            label = BackupLabel.parse(labelText.getBytes(StandardCharsets.UTF_8));
        }
        points.put("late", server.queryOne("select pg_create_restore_point('late')::text"));
        String last = server.switchWal();
        server.await("select coalesce(last_archived_wal >= '" + last + "', false) from pg_stat_archiver");
        life = new Life(server, archive, tablespace.toString(), firstXid, points, label, labelText, stop);
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        life.server().close();
        AsPostgres.deleteTree(life.archive());
        AsPostgres.deleteTree(Path.of(life.tablespacePath()));
    }

    private static PgControl control() throws IOException {
        return PgControl.parse(Files.readAllBytes(life.server().dataDirectory().resolve("global/pg_control")));
    }

    private static List<WalSegmentName> archived(int timeline) throws IOException {
        try (Stream<Path> files = Files.list(life.archive())) {
            return files.map(file -> WalFileName.parse(file.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .filter(WalFileName.Segment.class::isInstance)
                    .map(name -> ((WalFileName.Segment) name).name())
                    .filter(name -> name.timeline() == timeline)
                    .sorted()
                    .toList();
        }
    }

    private static byte[] read(WalSegmentName name) throws IOException {
        return Files.readAllBytes(life.archive().resolve(name.toString()));
    }

    private Expectation expect(WalSegmentName name, PgControl control, TimelineHistory history) {
        return new Expectation(
                name,
                control.walSegmentSize(),
                control.systemIdentifier(),
                PostgresMajor.of(major),
                TimelineRule.of(history),
                false);
    }

    /** All events of the archive's first timeline with those of straddling records, by address. */
    private Map<Lsn, WalEvents> events() throws IOException {
        Map<Lsn, WalEvents> events = new TreeMap<>();
        PgControl control = control();
        WalSegmentIndex previous = null;
        for (WalSegmentName name : archived(1)) {
            WalSegmentScanner scanner = new WalSegmentScanner(
                    expect(name, control, TimelineHistory.root(1)), event -> events.put(event.lsn(), event));
            scanner.update(ByteBuffer.wrap(read(name)));
            WalSegmentIndex index = scanner.finish();
            assertThat(index.notIndexedReason()).as(name.toString()).isEmpty();
            assertThat(WalSegmentIndex.parse(index.toBytes()).toBytes()).isEqualTo(index.toBytes());
            if (previous != null) {
                assertThat(previous.isStraddlerKnown(index)).as(name.toString()).isTrue();
                previous.straddlingEvents(index).forEach(event -> events.put(event.lsn(), event));
            }
            previous = index;
        }
        return events;
    }

    @Test
    @Order(1)
    void pgControlSaysWhatTheServerSays() throws IOException {
        PostgresServer server = life.server();
        server.sql("checkpoint");
        PgControl control = control();
        List<String> system = strings(server.query(
                "select system_identifier, pg_control_version," + " catalog_version_no from pg_control_system()"));
        assertThat(List.of(
                        control.systemIdentifierText(),
                        String.valueOf(control.controlVersion()),
                        String.valueOf(control.catalogVersion())))
                .isEqualTo(system);
        List<String> checkpoint = strings(server.query("select checkpoint_lsn, redo_lsn, timeline_id,"
                + " prev_timeline_id, full_page_writes, split_part(next_xid, ':', 2),"
                + " extract(epoch from checkpoint_time)::bigint from pg_control_checkpoint()"));
        assertThat(List.of(
                        control.checkpointLsn().toString(),
                        control.checkpoint().redoLsn().toString(),
                        String.valueOf(control.checkpoint().timeline()),
                        String.valueOf(control.checkpoint().previousTimeline()),
                        control.checkpoint().fullPageWrites() ? "t" : "f",
                        String.valueOf(control.checkpoint().nextXid()),
                        String.valueOf(control.checkpoint().time().getEpochSecond())))
                .isEqualTo(checkpoint);
        List<String> init = strings(server.query("select max_data_alignment, database_block_size,"
                + " blocks_per_segment, wal_block_size, bytes_per_wal_segment, data_page_checksum_version"
                + " from pg_control_init()"));
        assertThat(Stream.of(
                                control.maxAlign(),
                                control.blockBytes(),
                                control.relationSegmentBlocks(),
                                control.walBlockBytes(),
                                control.walSegmentSize().bytes(),
                                control.dataChecksumVersion())
                        .map(String::valueOf)
                        .toList())
                .isEqualTo(init);
        List<String> recovery = strings(server.query("select min_recovery_end_lsn, min_recovery_end_timeline,"
                + " backup_start_lsn, backup_end_lsn, end_of_backup_record_required from pg_control_recovery()"));
        assertThat(List.of(
                        control.minRecoveryPoint().toString(),
                        String.valueOf(control.minRecoveryPointTimeline()),
                        control.backupStartPoint().toString(),
                        control.backupEndPoint().toString(),
                        control.backupEndRequired() ? "t" : "f"))
                .isEqualTo(recovery);
        assertThat(control.settings())
                .isEqualTo(new PgControl.Settings(
                        PgControl.WalLevel.LOGICAL,
                        false,
                        number("max_connections"),
                        number("max_worker_processes"),
                        number("max_wal_senders"),
                        5,
                        number("max_locks_per_transaction"),
                        true));
        assertThat(control.state()).isEqualTo(PgControl.State.IN_PRODUCTION);
    }

    private static int number(String setting) {
        return Integer.parseInt(life.server().queryOne("select current_setting('" + setting + "')"));
    }

    private static List<String> strings(List<? extends List<?>> rows) {
        return rows.getFirst().stream().map(String::valueOf).toList();
    }

    @Test
    @Order(2)
    void theLabelOfABackupIsRead() {
        assertThat(life.label().label()).isEqualTo("a label");
        assertThat(life.label().fromStandby()).isFalse();
        assertThat(life.label().method()).isEqualTo("streamed");
        assertThat(life.label().startTimeline()).isEqualTo(1);
        assertThat(life.label().checkpointLsn())
                .isGreaterThanOrEqualTo(life.label().startLsn());
        assertThat(life.stopLsn()).isGreaterThan(life.label().checkpointLsn());
    }

    @Test
    @Order(3)
    void everyCommitIsFoundWithTheTimeTheServerKeeps() throws IOException {
        Map<Long, Instant> found = events().values().stream()
                .filter(WalEvents.TransactionEnd.class::isInstance)
                .map(WalEvents.TransactionEnd.class::cast)
                .filter(WalEvents.TransactionEnd::committed)
                .collect(Collectors.toMap(
                        end -> Integer.toUnsignedLong(end.xid()), WalEvents.TransactionEnd::time, (a, b) -> a));
        Lsn archivedTo = archived(1).getLast().endLsn(control().walSegmentSize());
        Map<Long, Instant> said = new HashMap<>();
        for (List<?> row : life.server()
                .query("select x, to_char(pg_xact_commit_timestamp(x::text::xid) at time zone 'UTC',"
                        + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                        + " from generate_series(" + life.firstXid() + ", txid_current() - 1) x"
                        + " where pg_xact_commit_timestamp(x::text::xid) is not null")) {
            said.put(Long.parseLong(String.valueOf(row.get(0))), Instant.parse(String.valueOf(row.get(1))));
        }
        assertThat(archivedTo).isGreaterThan(life.stopLsn());
        assertThat(said).hasSizeGreaterThan(310);
        // A subtransaction has a time of its own in SQL but no record; transactions after the switch are not archived.
        Map<Long, Instant> foundHere = new HashMap<>(found);
        foundHere.keySet().removeIf(xid -> xid < life.firstXid());
        assertThat(said).containsAllEntriesOf(withoutUnsaid(foundHere, said));
        assertThat(said.keySet().stream().filter(xid -> !found.containsKey(xid)).toList())
                .hasSizeLessThan(4);
    }

    /** txid_current() alone commits without a time. */
    private static Map<Long, Instant> withoutUnsaid(Map<Long, Instant> found, Map<Long, Instant> said) {
        Map<Long, Instant> rest = new HashMap<>(found);
        rest.keySet().removeIf(xid -> !said.containsKey(xid));
        assertThat(rest).hasSizeGreaterThan(310);
        return rest;
    }

    @Test
    @Order(4)
    void restorePointsTablespacesDatabasesAndDropsAreFound() throws IOException {
        List<WalEvents> events = List.copyOf(events().values());
        Map<String, String> points = events.stream()
                .filter(WalEvents.RestorePoint.class::isInstance)
                .map(WalEvents.RestorePoint.class::cast)
                .collect(Collectors.toMap(
                        WalEvents.RestorePoint::name, point -> point.endLsn().toString()));
        assertThat(points).isEqualTo(life.restorePointEnds());
        assertThat(events)
                .filteredOn(WalEvents.TablespaceCreated.class::isInstance)
                .singleElement()
                .extracting(event -> ((WalEvents.TablespaceCreated) event).path())
                .isEqualTo(life.tablespacePath());
        assertThat(events).hasAtLeastOneElementOfType(WalEvents.TablespaceDropped.class);
        assertThat(events).hasAtLeastOneElementOfType(WalEvents.DatabaseCreated.class);
        assertThat(events).hasAtLeastOneElementOfType(WalEvents.DatabaseDropped.class);
        assertThat(events)
                .filteredOn(event -> event instanceof WalEvents.TransactionEnd end
                        && !end.droppedRelations().isEmpty())
                .as("TRUNCATE and DROP TABLE")
                .hasSizeGreaterThanOrEqualTo(2);
        assertThat(events)
                .filteredOn(event -> event instanceof WalEvents.TransactionEnd end && !end.committed())
                .as("ROLLBACK and ROLLBACK PREPARED")
                .hasSizeGreaterThanOrEqualTo(2);
        assertThat(events)
                .filteredOn(event -> event instanceof WalEvents.CheckpointSeen seen
                        && seen.lsn().equals(life.label().checkpointLsn()))
                .singleElement()
                .satisfies(event -> assertThat(((WalEvents.CheckpointSeen) event).redoLsn())
                        .isEqualTo(life.label().startLsn()));
    }

    @Test
    @Order(5)
    void everyRecordIsWherePgWalinspectSeesIt() throws IOException {
        if (major < 15) {
            // pg_walinspect came with 15; commit times and restore points above are the oracle for 13 and 14.
            return;
        }
        PostgresServer server = life.server();
        server.sql("create extension if not exists pg_walinspect");
        PgControl control = control();
        List<WalSegmentName> names = archived(1);
        WalSegmentName first = names.get(1);
        List<String> ours = new ArrayList<>();
        for (WalSegmentName name : names.subList(1, names.size())) {
            RecordAssembler records = new RecordAssembler(control.walSegmentSize(), new RecordAssembler.Sink() {
                @Override
                public boolean wantsBody(WalRecord.Header header) {
                    return false;
                }

                @Override
                public void record(WalRecord record) {
                    ours.add(record.lsn() + " " + record.endLsn() + " "
                            + record.header().previous() + " "
                            + Integer.toUnsignedString(record.header().xid()) + " "
                            + record.header().totalBytes());
                }
            });
            byte[] segment = read(name);
            for (int at = 0; at < segment.length && !records.isSwitched(); at += 8192) {
                byte[] page = Arrays.copyOfRange(segment, at, at + 8192);
                Lsn lsn = name.startLsn(control.walSegmentSize()).plus(at);
                records.page(page, WalPageHeader.read(ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN)), lsn);
            }
        }
        Lsn end = names.getLast().endLsn(control.walSegmentSize());
        List<String> theirs = server
                .query("select start_lsn, end_lsn, prev_lsn, xid, record_length from pg_get_wal_records_info('"
                        + first.startLsn(control.walSegmentSize()).plus(40) + "', '" + end + "')"
                        + " where end_lsn <= '" + end + "'")
                .stream()
                .map(row -> row.stream().map(String::valueOf).collect(Collectors.joining(" ")))
                .toList();
        // Records that cross a segment's border are in no segment of ours.
        assertThat(theirs).containsAll(ours);
        assertThat(theirs.size() - ours.size()).isBetween(0, names.size());
        assertThat(ours).hasSizeGreaterThan(1000);
    }

    @Test
    @Order(6)
    void hazardDamagedSegmentsOfAServerNeverFailInAnotherWay() throws IOException {
        PgControl control = control();
        List<WalSegmentName> names = archived(1);
        Random random = new Random(major);
        for (int i = 0; i < 40; i++) {
            WalSegmentName name = names.get(random.nextInt(names.size()));
            byte[] segment = read(name);
            for (int k = 0; k < 4; k++) {
                segment[random.nextInt(segment.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                WalSegmentScanner scanner = new WalSegmentScanner(expect(name, control, TimelineHistory.root(1)));
                scanner.update(ByteBuffer.wrap(segment));
                assertThat(scanner.finish().name()).isEqualTo(name);
            } catch (PgbkException e) {
                assertThat(e).hasMessageContaining(name.toString());
            }
        }
    }

    @Test
    @Order(7)
    void everyPageOfAStoppedServerHasTheChecksumWeCompute() throws IOException {
        life.server().stop();
        Map<PageVerdict, Integer> verdicts = new HashMap<>();
        try (Stream<Path> files = Files.walk(life.server().dataDirectory().resolve("base"))) {
            for (Path file : files.filter(path -> path.getFileName().toString().matches("[0-9]+(_fsm|_vm|_init)?")
                            && Files.isRegularFile(path))
                    .toList()) {
                ByteBuffer pages = ByteBuffer.wrap(Files.readAllBytes(file));
                for (int block = 0; block < pages.capacity() / PageChecksum.PAGE_BYTES; block++) {
                    verdicts.merge(
                            PageChecksum.judge(pages, block * PageChecksum.PAGE_BYTES, block, new Lsn(-1)),
                            1,
                            Integer::sum);
                }
            }
        }
        assertThat(verdicts).doesNotContainKeys(PageVerdict.WRONG, PageVerdict.EXEMPT);
        assertThat(verdicts.get(PageVerdict.SOUND)).isGreaterThan(1000);
        assertThat(control().state()).isEqualTo(PgControl.State.SHUT_DOWN);
    }

    @Test
    @Order(8)
    void hazardHalfRestoredDirectoryWithoutALabelCannotStart() throws IOException {
        PostgresServer server = life.server();
        Path file = server.dataDirectory().resolve("global/pg_control");
        Files.write(file, PgControl.withInvalidCheckpoint(Files.readAllBytes(file)));
        server.startWithoutWaiting();
        assertThat(server.awaitEnd()).isNotZero();
        assertThat(server.log()).contains("could not locate a valid checkpoint record");
    }

    @Test
    @Order(9)
    void withTheLabelTheMarkedDirectoryRecoversOntoANewTimeline() throws IOException {
        PostgresServer server = life.server();
        Path data = server.dataDirectory();
        Files.writeString(data.resolve("backup_label"), life.labelText());
        Files.createFile(data.resolve("recovery.signal"));
        AsPostgres.own(data.resolve("backup_label"));
        AsPostgres.own(data.resolve("recovery.signal"));
        server.configure(Map.of("restore_command", "cp " + life.archive() + "/%f %p"));
        server.start();
        server.awaitPromoted();
        server.sql("insert into a values (-100, 'after')");
        String last = server.switchWal();
        server.await("select coalesce(last_archived_wal >= '" + last + "', false) from pg_stat_archiver");

        byte[] historyFile = Files.readAllBytes(life.archive().resolve("00000002.history"));
        TimelineHistory history = TimelineHistory.parse(2, historyFile);
        assertThat(history.parent()).hasValue(1);
        assertThat(history.startLsn()).isGreaterThan(life.stopLsn());
        PgControl control = control();
        assertThat(control.checkpoint().timeline()).isEqualTo(2);
        List<WalSegmentIndex> indexes = new ArrayList<>();
        for (WalSegmentName name : archived(2)) {
            WalSegmentScanner scanner = new WalSegmentScanner(expect(name, control, history));
            scanner.update(ByteBuffer.wrap(read(name)));
            indexes.add(scanner.finish());
        }
        assertThat(indexes).isNotEmpty().allMatch(WalSegmentIndex::isIndexed);
        assertThat(indexes.getFirst().startLsn()).isLessThanOrEqualTo(history.startLsn());
    }
}
