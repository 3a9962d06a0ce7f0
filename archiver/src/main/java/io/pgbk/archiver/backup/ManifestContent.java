package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.files.ConfigurationFile;
import io.pgbk.postgres.files.ConfigurationFiles;
import io.pgbk.postgres.server.BackupStop;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.postgres.server.Tablespace;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Puts together what a manifest says about the cluster as a whole. */
final class ManifestContent {
    private ManifestContent() {}

    /**
     * Reads the configuration files too; those that cannot be read are warnings.
     *
     * @param parents labels of the backups whose packs are used, the parent first
     */
    static ManifestFacts facts(
            BackupPlan plan,
            ServerFacts server,
            Label label,
            List<Label> parents,
            PgControl copied,
            PageChecksums checksums,
            Lsn startLsn,
            Instant startTime,
            BackupStop stop,
            Instant stopTime,
            TaskMonitor monitor) {
        return new ManifestFacts(
                label.toString(),
                plan.type().id(),
                parents.stream().map(Label::toString).toList(),
                plan.incarnation().number(),
                server.systemIdentifier(),
                server.version().major(),
                copied.controlVersion(),
                copied.catalogVersion(),
                copied.blockBytes(),
                copied.walSegmentSize().bytes(),
                checksums,
                plan.fromStandby(),
                startLsn,
                stop.stopTimeline(),
                stop.stopLsn(),
                stop.stopTimeline(),
                startTime,
                stopTime,
                Bytes.of(stop.backupLabel()),
                stop.tablespaceMap().length == 0 ? Optional.empty() : Optional.of(Bytes.of(stop.tablespaceMap())),
                settings(server),
                server.tablespaces().stream().map(ManifestContent::tablespace).toList(),
                configurationFiles(server, monitor));
    }

    private static SortedMap<String, String> settings(ServerFacts server) {
        SortedMap<String, String> settings = new TreeMap<>(server.settings());
        settings.put("server_version_num", Integer.toString(server.version().number()));
        settings.put("wal_level", server.walLevel());
        settings.put("archive_mode", server.archiving().mode());
        settings.put("data_directory", server.dataDirectory().toString());
        settings.put("config_file", server.configFile().toString());
        settings.put("hba_file", server.hbaFile().toString());
        settings.put("ident_file", server.identFile().toString());
        return settings;
    }

    private static ManifestFacts.Tablespace tablespace(Tablespace tablespace) {
        Bytes location = tablespace.isInPlace() ? Bytes.EMPTY : bytes(tablespace.location());
        return new ManifestFacts.Tablespace(tablespace.oid(), location, tablespace.isInPlace());
    }

    private static List<ManifestFacts.ConfigurationFile> configurationFiles(ServerFacts server, TaskMonitor monitor) {
        ConfigurationFiles.Collected collected =
                ConfigurationFiles.collect(server.configFile(), server.hbaFile(), server.identFile());
        collected.warnings().forEach(monitor::warn);
        return collected.files().stream()
                .map(file ->
                        new ManifestFacts.ConfigurationFile(bytes(file.path()), role(file), Bytes.of(file.content())))
                .toList();
    }

    private static String role(ConfigurationFile file) {
        if (file.included()) {
            return "include";
        }
        return switch (file.kind()) {
            case CONFIGURATION -> "config_file";
            case HOST_BASED_AUTHENTICATION -> "hba_file";
            case USER_NAME_MAP -> "ident_file";
        };
    }

    private static Bytes bytes(String characters) {
        return Bytes.of(characters.getBytes(StandardCharsets.ISO_8859_1));
    }
}
