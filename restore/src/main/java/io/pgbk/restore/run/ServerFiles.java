package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.postgres.BackupLabel;
import io.pgbk.postgres.TablespaceMap;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.AutoConf;
import io.pgbk.restore.directory.ConfigurationPlan;
import io.pgbk.restore.directory.Setting;
import io.pgbk.restore.directory.TablespacePlacement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a restore writes beside the data: backup_label, tablespace_map, settings, signal files, configuration, and the
 * directories without which PostgreSQL does not start.
 */
final class ServerFiles {
    private static final int FILE_MODE = 0600;
    private static final int DIRECTORY_MODE = 0700;
    private static final int SUMMARIES_SINCE = 17;
    /** PostgreSQL wants them and finds them empty; older backup tools leave them out. */
    private static final List<String> DIRECTORIES = List.of(
            "pg_commit_ts",
            "pg_dynshmem",
            "pg_notify",
            "pg_replslot",
            "pg_serial",
            "pg_snapshots",
            "pg_stat",
            "pg_stat_tmp",
            "pg_subtrans",
            "pg_tblspc",
            "pg_twophase",
            "pg_wal",
            "pg_wal/archive_status");

    private final RestorePlan plan;
    private final ManifestFacts facts;
    private final RestoreLayout layout;
    private final Disk disk;
    private final Set<String> written = new TreeSet<>();

    ServerFiles(RestorePlan plan, ManifestFacts facts, RestoreLayout layout, Disk disk) {
        this.plan = plan;
        this.facts = facts;
        this.layout = layout;
        this.disk = disk;
    }

    /** Paths below the data directory of all files written here, each byte shown as one character. */
    Set<String> written() {
        return written;
    }

    void write() throws IOException {
        List<String> directories = new ArrayList<>(DIRECTORIES);
        if (facts.postgresMajor() >= SUMMARIES_SINCE) {
            directories.add("pg_wal/summaries");
        }
        for (String directory : directories) {
            Path place = layout.place(directory);
            if (!Files.isDirectory(place)) {
                disk.directory(place, DIRECTORY_MODE);
            }
        }
        configuration();
        settings();
        file(BackupLabel.FILE_NAME, facts.backupLabel().toArray());
        tablespaceMap();
        signal();
    }

    private void configuration() throws IOException {
        ConfigurationPlan configuration = plan.configuration();
        for (ConfigurationPlan.File copy : configuration.copies()) {
            Path parent = layout.place(copy.path()).getParent();
            if (parent != null) {
                disk.directories(parent);
            }
            file(copy.path(), copy.content().toArray());
        }
        for (ConfigurationPlan.File generated : configuration.generated()) {
            file(generated.path(), generated.content().toArray());
        }
        if (!configuration.overrides().isEmpty()) {
            StringBuilder text =
                    new StringBuilder("\n# Added by pgbk restore: these named places of another directory.\n");
            configuration
                    .overrides()
                    .forEach(setting -> text.append(setting.line()).append('\n'));
            byte[] old = read("postgresql.conf");
            byte[] added = text.toString().getBytes(StandardCharsets.UTF_8);
            byte[] all = java.util.Arrays.copyOf(old, old.length + added.length);
            System.arraycopy(added, 0, all, old.length, added.length);
            file("postgresql.conf", all);
        }
    }

    private void settings() throws IOException {
        Set<String> removed = new TreeSet<>(AutoConf.RECOVERY_SETTINGS);
        plan.settings().stream().map(Setting::name).forEach(removed::add);
        file(AutoConf.FILE_NAME, AutoConf.edit(read(AutoConf.FILE_NAME), removed, plan.settings()));
    }

    /** Recovery makes the links anew from the map, so it must name the places that the plan chose. */
    private void tablespaceMap() throws IOException {
        if (facts.tablespaceMap().isEmpty()) {
            disk.delete(layout.place(TablespaceMap.FILE_NAME));
            return;
        }
        TablespaceMap old = TablespaceMap.parse(facts.tablespaceMap().get().toArray());
        List<TablespaceMap.Entry> entries = new ArrayList<>();
        for (TablespaceMap.Entry entry : old.entries()) {
            Optional<TablespacePlacement> placement = plan.tablespaces().stream()
                    .filter(tablespace -> tablespace.oid() == entry.oid() && !tablespace.inPlace())
                    .findFirst();
            entries.add(placement
                    .map(tablespace -> new TablespaceMap.Entry(entry.oid(), tablespace.target()))
                    .orElse(entry));
        }
        file(TablespaceMap.FILE_NAME, new TablespaceMap(entries).toBytes());
    }

    private void signal() throws IOException {
        Optional<String> wanted = switch (plan.role()) {
            case RecoveryRole.Recovery() -> Optional.of("recovery.signal");
            case RecoveryRole.Standby _ -> Optional.of("standby.signal");
            case RecoveryRole.LeftToCaller() -> Optional.empty();
        };
        for (String name : List.of("recovery.signal", "standby.signal")) {
            if (wanted.filter(name::equals).isPresent()) {
                file(name, new byte[0]);
            } else {
                disk.delete(layout.place(name));
            }
        }
    }

    private byte[] read(String name) throws IOException {
        Path place = layout.place(name);
        return Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS) ? Files.readAllBytes(place) : new byte[0];
    }

    private void file(String path, byte[] content) throws IOException {
        disk.replace(layout.place(path), content, FILE_MODE);
        written.add(path);
    }

    @Override
    public String toString() {
        return FileNames.display(layout.dataDirectory());
    }
}
