package io.pgbk.restore.run;

import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.postgres.files.FileNames;
import io.pgbk.restore.directory.TablespacePlacement;
import io.pgbk.restore.directory.TargetDirectory;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Removes from a data directory what the backup does not have: walks over it in the order of the manifest and compares
 * both streams. Memory: the names of one directory and its parents.
 */
final class DirectoryCleaner {
    /** Not part of a backup, and nothing that a server reads: the old server's log is worth keeping. */
    private static final Set<String> KEPT = Set.of("log", "pg_log", "lost+found", TargetDirectory.HIDDEN_CONTROL);

    private final Disk disk;
    private final RestoreLayout layout;
    private final String tablespaceVersionDirectory;
    private final String manifestKey;
    private final Iterator<FileEntry> wanted;
    private final TaskMonitor monitor;
    private @Nullable FileEntry next;
    private String nextPath = "";

    /** @param tablespaceVersionDirectory the only directory in a tablespace that belongs to this cluster's version */
    DirectoryCleaner(
            Disk disk,
            RestoreLayout layout,
            String tablespaceVersionDirectory,
            String manifestKey,
            Iterator<FileEntry> wanted,
            TaskMonitor monitor) {
        this.disk = disk;
        this.layout = layout;
        this.tablespaceVersionDirectory = tablespaceVersionDirectory;
        this.manifestKey = manifestKey;
        this.wanted = wanted;
        this.monitor = monitor;
    }

    void clean() throws IOException {
        advance();
        clean(layout.dataDirectory(), "", Optional.empty());
    }

    private void clean(Path directory, String prefix, Optional<String> only) throws IOException {
        monitor.checkCancelled();
        List<String> keys = new ArrayList<>();
        try (var children = Files.newDirectoryStream(directory)) {
            for (Path child : children) {
                String name = FileNames.characters(directory.relativize(child));
                if (only.isEmpty() || only.get().equals(name)) {
                    keys.add(name);
                    // What is below a directory sorts behind names that continue with a character before the slash.
                    keys.add(name + "/");
                }
            }
        }
        Collections.sort(keys);
        for (String key : keys) {
            if (key.endsWith("/")) {
                String name = key.substring(0, key.length() - 1);
                descend(directory.resolve(FileNames.toPath(name)), prefix + name);
            } else {
                keepOrDelete(directory.resolve(FileNames.toPath(key)), prefix + key);
            }
        }
    }

    private void keepOrDelete(Path file, String path) throws IOException {
        if (KEPT.contains(path)) {
            return;
        }
        while (next != null && nextPath.compareTo(path) < 0) {
            advance();
        }
        boolean listed = next != null && nextPath.equals(path);
        if (!listed) {
            disk.deleteTree(file);
            return;
        }
        boolean link = Files.isSymbolicLink(file);
        Optional<TablespacePlacement> tablespace = layout.linkAt(path);
        if (tablespace.isPresent()) {
            if (!link || !leadsTo(file, tablespace.get())) {
                disk.deleteTree(file);
            }
            return;
        }
        FileKind kind = next == null ? FileKind.FILE : next.kind();
        boolean fits = switch (kind) {
            case FILE -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
            case DIRECTORY -> Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS) || isWalLink(file, path);
            case SYMLINK -> link;
        };
        if (!fits) {
            disk.deleteTree(file);
        }
    }

    private void descend(Path directory, String path) throws IOException {
        if (KEPT.contains(path)) {
            return;
        }
        if (layout.linkAt(path).isPresent()) {
            if (Files.isSymbolicLink(directory) && Files.isDirectory(directory)) {
                clean(directory, path + "/", Optional.of(tablespaceVersionDirectory));
            }
        } else if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) || isWalLink(directory, path)) {
            clean(directory, path + "/", Optional.empty());
        }
    }

    /** An operator's link to a directory for WAL stays; its content goes. */
    static boolean isWalLink(Path file, String path) {
        return path.equals("pg_wal") && Files.isSymbolicLink(file) && Files.isDirectory(file);
    }

    private static boolean leadsTo(Path link, TablespacePlacement tablespace) throws IOException {
        return Files.isDirectory(link)
                && Files.isDirectory(FileNames.toPath(tablespace.target()))
                && link.toRealPath()
                        .equals(FileNames.toPath(tablespace.target()).toRealPath());
    }

    private void advance() {
        next = wanted.hasNext() ? wanted.next() : null;
        nextPath = next == null ? "" : ManifestSurvey.path(next, manifestKey);
    }
}
