package io.pgbk.archiver.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.SourceFile;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The files of the parent backup, asked for in the order in which the data directory is walked. That is the order of the
 * manifest too, so both are read once, side by side; a question out of order costs a look into the manifest. For use by
 * one thread; keeps the parent's known page failures, at most {@link PageFailures#LIMIT}, and a few MiB of manifest.
 */
final class ParentFiles {
    private final ManifestReader manifest;
    private final Iterator<FileEntry> entries;
    private final Map<Bytes, NavigableSet<Long>> failures = new HashMap<>();
    private final Lsn verifiedBefore;
    private final Optional<ChangedWindows.Reader> changes;
    private @Nullable FileEntry current;
    private @Nullable Bytes lastAsked;

    /**
     * The files of a manifest.
     *
     * @param changes what WAL summaries say about them, from the beginning
     */
    ParentFiles(ManifestReader manifest, Optional<ChangedWindows.Reader> changes) {
        this.manifest = manifest;
        this.changes = changes;
        this.entries = manifest.files();
        this.verifiedBefore = manifest.facts().pageChecksums().verifiedBefore();
        Iterator<PageFailure> known = manifest.pageFailures();
        for (int i = 0; i < PageFailures.LIMIT && known.hasNext(); i++) {
            PageFailure failure = known.next();
            failures.computeIfAbsent(failure.path(), path -> new TreeSet<>()).add(failure.block());
        }
    }

    /** The parent's file of the same path; empty when it has none with content. */
    Optional<ParentFile> find(SourceFile source) {
        Bytes path = Bytes.of(source.path().bytes());
        return entry(path)
                .filter(entry -> entry.kind() == FileKind.FILE && entry.size() > 0)
                .map(entry -> new ParentFile(
                        entry,
                        failures.getOrDefault(path, Collections.emptyNavigableSet()),
                        isFreeSpaceMap(source) ? Lsn.INVALID : verifiedBefore,
                        changes.flatMap(known -> known.changed(source))));
    }

    /** Wrong pages there are a warning of each backup and no failure, so nobody knows them afterwards. */
    private static boolean isFreeSpaceMap(SourceFile source) {
        RelationFile relation = source.relation();
        return relation != null && relation.fork() == RelationFile.Fork.FREE_SPACE_MAP;
    }

    private Optional<FileEntry> entry(Bytes path) {
        Bytes last = lastAsked;
        if (last != null && last.compareTo(path) >= 0) {
            return manifest.find(path);
        }
        lastAsked = path;
        FileEntry entry = current;
        while ((entry == null || entry.path().compareTo(path) < 0) && entries.hasNext()) {
            entry = entries.next();
        }
        current = entry;
        return Optional.ofNullable(entry).filter(found -> found.path().equals(path));
    }
}
