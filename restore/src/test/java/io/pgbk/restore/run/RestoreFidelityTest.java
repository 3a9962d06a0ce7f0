package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.ClusterDigest;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Everything that changes files without telling, on a cluster without checksums (so that hint bits go into no WAL) and
 * with pg_wal behind a symbolic link. What is restored is compared with the server's files byte by byte, with what
 * pg_basebackup copies, and by amcheck and pg_visibility.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestoreFidelityTest {
    private static final int MAJOR = 15;

    private static RestoreSite site;
    private static Path space;
    private static Path restored;
    private static String reusedPath;
    private static byte[] reusedBefore;
    /** The server's files at the time of the second backup. */
    private static final Map<String, byte[]> LIVE = new TreeMap<>();

    private static Optional<Path> baseBackup = Optional.empty();

    /** Two backups with all these changes between them; the second is restored over the first one's restore. */
    @BeforeAll
    static void changeMuchBetweenTwoBackups() throws IOException {
        Path elsewhere = AsPostgres.temporaryDirectory("waldir-");
        site = new RestoreSite(PostgresServer.builder(MAJOR)
                .withChecksums(false)
                .withInitdbArguments("--waldir=" + elsewhere.resolve("wal"))
                .withSetting("autovacuum", "off")
                .withSetting("bgwriter_lru_maxpages", "0")
                .withSetting("checkpoint_timeout", "1h")
                .withCommandLineSetting("shared_buffers", "128MB")
                .withSetting("allow_in_place_tablespaces", "on"));
        space = AsPostgres.temporaryDirectory("space-");
        PostgresServer server = site.server();
        server.sql("create tablespace space location '" + space + "'");
        server.sql("create tablespace inside location ''");
        server.sql("create database template_of_reuse");
        server.sqlIn("template_of_reuse", "create table there as select generate_series(1, 500) as x");
        server.sql("create database reused oid 50000 template template_of_reuse strategy file_copy");
        server.sql("create database moves");
        server.sqlIn("moves", "create table t as select generate_series(1, 300) as x");
        server.sql(
                "create extension amcheck",
                "create extension pg_visibility",
                "create table hints as select g as id from generate_series(1, 5000) g",
                "create table maps as select g as id, repeat('m', 80) as t from generate_series(1, 20000) g",
                "create index on maps (id)",
                "create table moved as select g as id from generate_series(1, 3000) g",
                "create table moved_inside as select g as id from generate_series(1, 3000) g",
                "create table shrinks as select g as id, repeat('s', 80) as t from generate_series(1, 9000) g",
                "create table zeros as select g as id from generate_series(1, 100) g",
                "create unlogged table unlogged_ as select g as id from generate_series(1, 100) g");
        server.sql("vacuum maps");
        reusedPath = server.queryIn("reused", "select pg_relation_filepath('there')")
                .getFirst()
                .getFirst();
        server.sql("checkpoint");
        reusedBefore = Files.readAllBytes(server.dataDirectory().resolve(reusedPath));
        site.backup();
        Path directory = TestRestore.fresh();
        restore(directory).run();

        // Hint bits only: the rows were never read since they were written.
        server.sql("select count(*) from hints");
        // Maps: pages all-visible before, then not, then free space, then all-visible again in part.
        server.sql("update maps set t = 'short' where id % 3 = 0", "delete from maps where id between 4000 and 12000");
        server.sql("vacuum maps");
        server.sql("update maps set t = 'again' where id < 100");
        server.sql("alter table moved set tablespace space");
        server.sql("alter table moved_inside set tablespace inside");
        server.sql("alter database moves set tablespace space");
        // A name that is used again: the same path holds another relation now.
        server.sqlIn("template_of_reuse", "update there set x = -x");
        server.sql("drop database reused");
        server.sql("create database reused oid 50000 template template_of_reuse strategy file_copy");
        server.sql("create database by_log template template_of_reuse strategy wal_log");
        // Truncated by vacuum, then longer than before.
        server.sql("delete from shrinks where id > 1000");
        server.sql("vacuum (truncate on) shrinks");
        server.sql("insert into shrinks select g, repeat('e', 90) from generate_series(1, 15000) g");
        // What a crash leaves behind while a relation is extended.
        Path zeros = server.dataDirectory().resolve(server.queryOne("select pg_relation_filepath('zeros')"));
        Files.write(zeros, new byte[5 * 8192], StandardOpenOption.APPEND);
        settle(server);
        baseBackup = takeBaseBackup(server);
        site.backup();
        LIVE.putAll(files(server.dataDirectory()));
        restore(directory).delta().run();
        restored = directory;
    }

    @AfterAll
    static void stop() {
        if (site != null) {
            site.close();
            AsPostgres.deleteTree(space);
        }
    }

    private static TestRestore restore(Path directory) {
        return TestRestore.of(site, directory).map(space, Path.of(directory + ".space"));
    }

    /** Looks at every catalogue once, so that nobody sets a hint bit in it later, and writes all out. */
    private static void settle(PostgresServer server) {
        for (String database : List.of("postgres", "template1", "template_of_reuse", "reused", "by_log", "moves")) {
            server.sqlIn(
                    database,
                    "select count(*) from pg_class",
                    "select count(*) from pg_namespace",
                    "select count(*) from pg_attribute",
                    "select count(*) from pg_type");
        }
        server.sql("checkpoint");
    }

    private static Map<String, byte[]> files(Path dataDirectory) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (String part : List.of("base", "global", "pg_tblspc", "pg_xact", "pg_multixact")) {
            try (Stream<Path> all = Files.walk(dataDirectory.resolve(part), FileVisitOption.FOLLOW_LINKS)) {
                for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                    String name = String.valueOf(file.getFileName());
                    if (!name.equals("pg_internal.init") && !name.startsWith("pg_control")) {
                        files.put(dataDirectory.relativize(file).toString(), Files.readAllBytes(file));
                    }
                }
            }
        }
        return files;
    }

    // ---- byte by byte

    @Test
    void hintBitsMapsMovedTablespacesReusedNamesTruncationAndZeroPagesAreRestoredByteByByte() throws IOException {
        Map<String, byte[]> ours = files(restored);
        Set<String> unlogged = new TreeSet<>(LIVE.keySet());
        unlogged.removeIf(name -> !LIVE.containsKey(name.replaceFirst("(_fsm|_vm)?$", "") + "_init"));
        assertThat(unlogged).isNotEmpty();
        Set<String> wanted = new TreeSet<>(LIVE.keySet());
        wanted.removeAll(unlogged);
        assertThat(differences(wanted, ours.keySet())).isEmpty();
        assertThat(wanted.stream().filter(name -> !Arrays.equals(LIVE.get(name), ours.get(name))))
                .as("files that differ")
                .isEmpty();
        assertThat(ours.get(reusedPath)).isNotEqualTo(reusedBefore);
        assertThat(wanted).anyMatch(name -> name.endsWith("_vm")).anyMatch(name -> name.endsWith("_fsm"));
    }

    @Test
    void aLinkedWalDirectoryIsRestoredAsADirectory() {
        assertThat(site.server().dataDirectory().resolve("pg_wal")).isSymbolicLink();
        assertThat(Files.isDirectory(restored.resolve("pg_wal"), LinkOption.NOFOLLOW_LINKS))
                .isTrue();
        assertThat(restored.resolve("pg_wal/archive_status")).isDirectory();
    }

    @Test
    @Order(Integer.MAX_VALUE) // it changes the restored files
    void theRestoredServerHasSoundIndexesHeapsAndVisibilityMaps() {
        PostgresServer live = site.server();
        try (PostgresServer copy = restore(restored)
                .server(PostgresServer.builder(MAJOR).withCommandLineSetting("allow_in_place_tablespaces", "on"))) {
            copy.start();
            copy.awaitPromoted();
            assertThat(ClusterDigest.of(copy).differencesTo(ClusterDigest.of(live)))
                    .isEmpty();
            copy.query("select bt_index_check(indexrelid, true) from pg_index join pg_class c on c.oid = indexrelid"
                    + " where relam = 403 and relpersistence = 'p'");
            for (String check : List.of("pg_check_visible(c.oid)", "pg_check_frozen(c.oid)", "verify_heapam(c.oid)")) {
                assertThat(copy.query("select c.relname, v.* from pg_class c, lateral " + check
                                + " v where relkind in ('r', 't', 'm') and relpersistence = 'p'"))
                        .as(check)
                        .isEmpty();
            }
        }
    }

    // ---- pg_basebackup

    private static Optional<Path> takeBaseBackup(PostgresServer server) {
        Path place = AsPostgres.temporaryDirectory("basebackup-");
        Optional<Path> tool = Tools.find(MAJOR, "pg_basebackup");
        tool.ifPresent(program -> Tools.run(
                        server,
                        program,
                        Map.of(),
                        "--pgdata=" + place.resolve("data"),
                        "--wal-method=none",
                        "--checkpoint=fast",
                        "--no-sync",
                        "--manifest-checksums=CRC32C",
                        "--tablespace-mapping=" + space + "=" + place.resolve("space"))
                .orThrow());
        return tool.map(_ -> place.resolve("data"));
    }

    @Test
    void theRestoredFilesAreThoseThatPgBasebackupCopies() throws IOException {
        assumeThat(baseBackup)
                .as("NOT TESTED: pg_basebackup 15 is not installed, bin/test installs it")
                .isPresent();
        Map<String, String> theirs = manifest(baseBackup.get());
        Map<String, String> ours = manifest(restored);
        // Each tool writes these itself; the rest are the same files with the same lengths and checksums.
        Set<String> own = Set.of("backup_label", "tablespace_map", "postgresql.auto.conf", "global/pg_control");
        assertThat(ours.keySet()).containsAll(own);
        assertThat(differences(lines(theirs, own), lines(ours, own))).isEmpty();
        assertThat(differences(directories(baseBackup.get()), directories(restored)))
                .isEmpty();
    }

    private static Set<String> lines(Map<String, String> files, Set<String> without) {
        return files.entrySet().stream()
                .filter(file -> !without.contains(file.getKey()))
                .map(file -> file.getKey() + " " + file.getValue())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> differences(Set<String> wanted, Set<String> found) {
        return Stream.concat(
                        wanted.stream().filter(line -> !found.contains(line)).map(line -> "missing " + line),
                        found.stream().filter(line -> !wanted.contains(line)).map(line -> "unexpected " + line))
                .toList();
    }

    /** Path to length and checksum, as the manifest says; proved for every file of the directory. */
    private static Map<String, String> manifest(Path directory) throws IOException {
        Map<String, String> files = new HashMap<>();
        Matcher line = Pattern.compile("\"Path\": \"([^\"]+)\", \"Size\": (\\d+), .*\"Checksum\": \"(\\p{XDigit}{8})\"")
                .matcher(Files.readString(directory.resolve("backup_manifest")));
        while (line.find()) {
            byte[] content = Files.readAllBytes(directory.resolve(line.group(1)));
            CRC32C crc = new CRC32C();
            crc.update(content);
            assertThat((long) content.length).as(line.group(1)).isEqualTo(Long.parseLong(line.group(2)));
            assertThat(Integer.reverseBytes((int) crc.getValue()))
                    .as(line.group(1))
                    .isEqualTo(Integer.parseUnsignedInt(line.group(3), 16));
            files.put(line.group(1), line.group(2) + " " + line.group(3));
        }
        assertThat(files).hasSizeGreaterThan(1000);
        return files;
    }

    private static Set<String> directories(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            return all.filter(Files::isDirectory)
                    .map(path -> root.relativize(path).toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
