package io.pgbk.postgres.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryWalkTest {
    private static final WalkOptions OPTIONS = WalkOptions.of(15, 202209061);

    @TempDir
    Path temporary;

    private Path data;

    @BeforeEach
    void makeADataDirectory() throws IOException {
        data = Files.createDirectory(temporary.resolve("data"));
        for (String directory : List.of("base/5", "global", "pg_wal/archive_status", "pg_tblspc", "pg_notify")) {
            Files.createDirectories(data.resolve(directory));
        }
        file("PG_VERSION");
        file("global/pg_control");
    }

    @Test
    void entriesComeInTheOrderOfTheBytesOfTheirWholePaths() throws IOException {
        Files.createDirectories(data.resolve("base/5.old/x"));
        file("base/5.old/x/y");
        file("base/5-x");
        file("base/5/1");
        file("base/5/1.1");
        file("base/5/10");
        file("base/5/1_fsm");
        List<SourceEntry> entries = walk();
        assertThat(entries.stream().map(SourceEntry::path)).isSortedAccordingTo(Comparator.naturalOrder());
        assertThat(paths(entries))
                .containsSubsequence(
                        "base",
                        "base/5",
                        "base/5-x",
                        "base/5.old",
                        "base/5.old/x",
                        "base/5.old/x/y",
                        "base/5/1",
                        "base/5/1.1",
                        "base/5/10",
                        "base/5/1_fsm",
                        "global",
                        "global/pg_control");
    }

    @Test
    void directoriesThatMustExistStayAndLoseTheirContent() throws IOException {
        file("pg_notify/0000");
        file("pg_wal/000000010000000000000001");
        file("pg_wal/archive_status/000000010000000000000001.ready");
        Files.createDirectories(data.resolve("pg_wal/pgbk/in"));
        file("pg_wal/pgbk/in/000000010000000000000002");
        Files.createDirectories(data.resolve("pg_wal/summaries"));
        Files.createDirectories(data.resolve("log"));
        file("log/postgresql.log");
        List<SourceEntry> entries = walk();
        assertThat(paths(entries))
                .contains("pg_notify", "pg_wal", "pg_wal/archive_status", "pg_wal/summaries", "log")
                .noneMatch(path -> path.startsWith("pg_notify/")
                        || path.startsWith("log/")
                        || path.startsWith("pg_wal/0")
                        || path.startsWith("pg_wal/pgbk")
                        || path.startsWith("pg_wal/archive_status/"));
        assertThat(entries)
                .filteredOn(SourceDirectory.class::isInstance)
                .extracting(SourceDirectory.class::cast)
                .filteredOn(SourceDirectory::contentExcluded)
                .extracting(directory -> directory.path().characters())
                .containsExactly("log", "pg_notify", "pg_wal", "pg_wal/archive_status", "pg_wal/summaries");
    }

    @Test
    void unloggedRelationsKeepOnlyTheirInitForkAndTemporaryOnesNothing() throws IOException {
        for (String name : List.of(
                "100", "100_init", "100_fsm", "100.1", "1000", "101", "101_vm", "t3_102", "t3_102_fsm", "t3_102.1")) {
            file("base/5/" + name);
        }
        file("base/5/pgsql_tmp1.0");
        file("base/5/pg_internal.init");
        file("base/5/pg_internal.init.77");
        Files.createDirectories(data.resolve("base/pgsql_tmp"));
        file("base/pgsql_tmp/pgsql_tmp77.0");
        assertThat(paths(walk()))
                .filteredOn(path -> path.startsWith("base/"))
                .containsExactly("base/5", "base/5/1000", "base/5/100_init", "base/5/101", "base/5/101_vm");
    }

    @Test
    void stateOfTheRunningServerIsLeftOut() throws IOException {
        for (String name : List.of(
                "postmaster.pid",
                "postmaster.opts",
                "backup_label",
                "backup_label.old",
                "tablespace_map",
                "backup_manifest",
                "standby.signal",
                "recovery.signal",
                "core",
                "core.123",
                ".DS_Store",
                "postgresql.auto.conf.tmp",
                "postgresql.auto.conf")) {
            file(name);
        }
        assertThat(paths(walk()))
                .filteredOn(path -> !path.contains("/"))
                .containsExactly(
                        "PG_VERSION", "base", "global", "pg_notify", "pg_tblspc", "pg_wal", "postgresql.auto.conf");
    }

    @Test
    void tablespacesAreFollowedOnceWhereverTheyLie() throws IOException {
        String version = OPTIONS.tablespaceVersionDirectory();
        Path outside = Files.createDirectories(temporary.resolve("space"));
        Files.createDirectories(outside.resolve(version + "/5"));
        Files.writeString(outside.resolve(version + "/5/300"), "page");
        Files.createDirectories(outside.resolve("PG_14_202107181/5"));
        Files.createSymbolicLink(data.resolve("pg_tblspc/16400"), outside);
        Path inside = data.resolve("mine");
        Files.createDirectories(inside.resolve(version + "/5"));
        Files.writeString(inside.resolve(version + "/5/301"), "page");
        Files.createSymbolicLink(data.resolve("pg_tblspc/16401"), inside);
        Files.createDirectories(data.resolve("pg_tblspc/16402/" + version + "/5"));
        file("pg_tblspc/16402/" + version + "/5/302");
        List<String> warnings = new ArrayList<>();
        List<SourceEntry> entries = walk(warnings);
        assertThat(paths(entries))
                .filteredOn(path -> path.startsWith("pg_tblspc") || path.startsWith("mine"))
                .containsExactly(
                        "pg_tblspc",
                        "pg_tblspc/16400",
                        "pg_tblspc/16400/" + version,
                        "pg_tblspc/16400/" + version + "/5",
                        "pg_tblspc/16400/" + version + "/5/300",
                        "pg_tblspc/16401",
                        "pg_tblspc/16401/" + version,
                        "pg_tblspc/16401/" + version + "/5",
                        "pg_tblspc/16401/" + version + "/5/301",
                        "pg_tblspc/16402",
                        "pg_tblspc/16402/" + version,
                        "pg_tblspc/16402/" + version + "/5",
                        "pg_tblspc/16402/" + version + "/5/302");
        assertThat(entries)
                .filteredOn(SourceTablespace.class::isInstance)
                .extracting(SourceTablespace.class::cast)
                .extracting(SourceTablespace::oid, SourceTablespace::target, SourceTablespace::insideDataDirectory)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(16400, outside.toString(), false),
                        org.assertj.core.groups.Tuple.tuple(16401, inside.toString(), true));
        assertThat(warnings).singleElement().asString().contains("inside the data directory");
    }

    @Test
    void aLinkedWalDirectoryBecomesADirectoryAndOtherLinksAreListed() throws IOException {
        Path wal = temporary.resolve("wal");
        Files.move(data.resolve("pg_wal"), wal);
        Files.createSymbolicLink(data.resolve("pg_wal"), wal);
        Files.createSymbolicLink(data.resolve("postgresql.conf"), Path.of("/etc/postgresql/postgresql.conf"));
        List<String> warnings = new ArrayList<>();
        List<SourceEntry> entries = walk(warnings);
        assertThat(paths(entries)).contains("pg_wal", "pg_wal/archive_status", "postgresql.conf");
        assertThat(entries)
                .filteredOn(SourceLink.class::isInstance)
                .extracting(entry -> ((SourceLink) entry).target())
                .containsExactly("/etc/postgresql/postgresql.conf");
        assertThat(warnings).hasSize(2);
    }

    @Test
    void aLinkedDatabaseDirectoryIsRefusedBecauseTheBackupWouldLackIt() throws IOException {
        Path elsewhere = Files.createDirectories(temporary.resolve("elsewhere"));
        Files.createSymbolicLink(data.resolve("base/16384"), elsewhere);
        assertThatThrownBy(this::walk)
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.POSTGRES_UNSUITABLE))
                .hasMessageContaining("base/16384");
    }

    @Test
    void relationsAreRecognisedWithTheirForkAndSegment() throws IOException {
        file("base/5/16384.12");
        file("global/1262_vm");
        file("base/5/PG_VERSION");
        Files.setPosixFilePermissions(data.resolve("base/5/16384.12"), PosixFilePermissions.fromString("rw-r-----"));
        List<SourceFile> files = walk().stream()
                .filter(SourceFile.class::isInstance)
                .map(SourceFile.class::cast)
                .filter(file -> file.relation() != null)
                .toList();
        assertThat(files)
                .extracting(SourceFile::relation)
                .containsExactly(
                        new RelationFile(16384, RelationFile.Fork.MAIN, 12),
                        new RelationFile(1262, RelationFile.Fork.VISIBILITY_MAP, 0));
        assertThat(files.getFirst().mode()).isEqualTo(0640);
        assertThat(files.getFirst().size()).isEqualTo(4);
    }

    @Test
    void fileNamesThatAreNotUtf8AreListedOpenedAndCreated() throws IOException {
        String latin = "caf\u00e9"; // the single byte 0xE9, which is not UTF-8
        RelativePath path = new RelativePath("base/" + latin);
        Files.writeString(path.in(data), "page");
        SourceEntry found = walk().stream()
                .filter(entry -> entry.path().equals(path))
                .findFirst()
                .orElseThrow();
        assertThat(found.path().bytes()).endsWith((byte) 0xE9);
        assertThat(Files.readString(found.file())).isEqualTo("page");
        assertThat(found.path()).hasToString("base/caf\\xe9");
    }

    @Test
    void filesThatVanishDuringTheWalkAreLeftOut() throws IOException {
        file("base/5/100");
        Files.createDirectories(data.resolve("base/6"));
        file("base/6/100");
        List<String> seen = new ArrayList<>();
        DataDirectoryWalk.walk(
                data,
                OPTIONS,
                entry -> {
                    seen.add(entry.path().characters());
                    if (entry.path().characters().equals("base/5")) {
                        Files.delete(data.resolve("base/5/100"));
                        Files.delete(data.resolve("base/6/100"));
                        Files.delete(data.resolve("base/6"));
                    }
                },
                TaskMonitor.SILENT);
        assertThat(seen).contains("base/5").doesNotContain("base/5/100", "base/6", "base/6/100");
    }

    private void file(String path) throws IOException {
        Files.writeString(data.resolve(path), "page");
    }

    private List<SourceEntry> walk() {
        return walk(new ArrayList<>());
    }

    private List<SourceEntry> walk(List<String> warnings) {
        List<SourceEntry> entries = new ArrayList<>();
        DataDirectoryWalk.walk(
                data,
                OPTIONS,
                new WalkVisitor() {
                    @Override
                    public void entry(SourceEntry entry) {
                        entries.add(entry);
                    }

                    @Override
                    public void warning(RelativePath path, String message) {
                        warnings.add(message);
                    }
                },
                TaskMonitor.SILENT);
        return entries;
    }

    private static List<String> paths(List<SourceEntry> entries) {
        return entries.stream().map(entry -> entry.path().characters()).toList();
    }
}
