package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.files.DataDirectoryWalk;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.postgres.files.SourceEntry;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.postgres.files.WalkOptions;
import io.pgbk.postgres.files.WalkVisitor;
import io.pgbk.postgres.server.ServerFacts;
import io.pgbk.task.TaskMonitor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Decides how a backup is taken, and how much there is to copy. */
final class BackupPlanner {
    private BackupPlanner() {}

    /** What kind of backup it becomes, as {@link BackupPlan} has it. */
    record Kind(BackupType type, Optional<Label> parent, Optional<String> fallbackReason) {}

    static BackupPlan plan(
            Kind kind,
            ServerFacts server,
            Path dataDirectory,
            Incarnation incarnation,
            BackupSettings settings,
            Compression compression,
            TaskMonitor monitor) {
        monitor.phase("plan", -1);
        WalkOptions walk = walkOptions(server);
        Count count = new Count();
        DataDirectoryWalk.walk(dataDirectory, walk, count, monitor);
        return new BackupPlan(
                kind.type(),
                kind.parent(),
                kind.fallbackReason(),
                incarnation,
                server.inRecovery(),
                dataDirectory,
                walk,
                server.relationSegmentBlocks(),
                settings.pageChecksums() && server.dataChecksums(),
                PackSettings.of(compression, server.blockBytes()),
                settings.parallel(),
                count.files,
                count.bytes);
    }

    /** The usual log directories and the one that the server uses now. */
    private static WalkOptions walkOptions(ServerFacts server) {
        WalkOptions usual = WalkOptions.of(server.version().major(), server.catalogVersion());
        String logs = characters(server.settings().getOrDefault("log_directory", ""));
        if (logs.isEmpty() || !RelativePath.isAllowed(logs)) {
            return usual;
        }
        Set<RelativePath> excluded = new HashSet<>(usual.excludedDirectories());
        excluded.add(new RelativePath(logs));
        return new WalkOptions(usual.tablespaceVersionDirectory(), excluded);
    }

    private static String characters(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static final class Count implements WalkVisitor {
        private long files;
        private long bytes;

        @Override
        public void entry(SourceEntry entry) {
            if (entry instanceof SourceFile file) {
                files++;
                bytes += file.size();
            }
        }
    }
}
