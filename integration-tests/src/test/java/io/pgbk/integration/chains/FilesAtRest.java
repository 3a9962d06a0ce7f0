package io.pgbk.integration.chains;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Compares a restored directory, in which nothing was started yet, with the directory of a server to which nobody writes
 * and whose buffers a checkpoint has written: everything that a backup holds must be equal, byte for byte. Only a backup
 * that asked the WAL summaries of a server that changes hints without WAL may have older hints.
 */
final class FilesAtRest {
    private static final int PAGE_BYTES = 8192;
    // What PostgreSQL makes anew when it starts, what a restore writes, and what goes on changing.
    private static final Pattern IGNORED = Pattern.compile(
            "postmaster\\..*|backup_label(\\.old)?|backup_manifest|tablespace_map(\\.old)?|recovery\\.signal|standby\\.signal"
                    + "|postgresql\\.auto\\.conf|global/pg_control|current_logfiles"
                    + "|(pg_wal|pg_stat|pg_stat_tmp|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_subtrans|pg_replslot)/.*"
                    + "|(.*/)?pg_internal\\.init.*|(.*/)?pgsql_tmp.*|(.*/)?t\\d+_\\d+.*");
    private static final Pattern RELATION = Pattern.compile("(.*/\\d+)(_(?:fsm|vm|init))?(?:\\.\\d+)?");

    private FilesAtRest() {}

    /**
     * A line for each file that differs, with its first differing byte; empty when all are equal.
     *
     * @param olderHints whether pages of relations may differ in {@link HintBits}
     */
    static List<String> differences(Path live, Path restored, boolean olderHints) {
        try {
            SortedMap<String, Path> expected = files(live);
            SortedMap<String, Path> found = files(restored);
            TreeSet<String> names = new TreeSet<>(expected.keySet());
            names.addAll(found.keySet());
            List<String> differences = new ArrayList<>();
            for (String name : names) {
                Path here = expected.get(name);
                Path there = found.get(name);
                if (here == null || there == null) {
                    differences.add(name + (here == null ? " is too much" : " is missing"));
                } else {
                    long at = Files.mismatch(here, there);
                    if (at >= 0 && !(olderHints && sameButHints(name, here, there))) {
                        differences.add(name + " differs at byte " + at + " (page " + at / PAGE_BYTES + "), "
                                + Files.size(here) + " bytes live, " + Files.size(there) + " restored");
                    }
                }
            }
            return differences;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean sameButHints(String name, Path here, Path there) throws IOException {
        var relation = RELATION.matcher(name);
        long size = Files.size(here);
        if (!relation.matches() || relation.group(2) != null || size != Files.size(there) || size % PAGE_BYTES != 0) {
            return false;
        }
        try (InputStream live = new BufferedInputStream(Files.newInputStream(here));
                InputStream restored = new BufferedInputStream(Files.newInputStream(there))) {
            for (long at = 0; at < size; at += PAGE_BYTES) {
                byte[] page = live.readNBytes(PAGE_BYTES);
                byte[] other = restored.readNBytes(PAGE_BYTES);
                HintBits.clear(page);
                HintBits.clear(other);
                if (!Arrays.equals(page, other)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static SortedMap<String, Path> files(Path root) throws IOException {
        SortedMap<String, Path> files = new TreeMap<>();
        // Tablespaces are links in pg_tblspc.
        try (Stream<Path> all = Files.walk(root, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                String name = root.relativize(file).toString();
                if (!IGNORED.matcher(name).matches()) {
                    files.put(name, file);
                }
            }
        }
        // Of an unlogged relation only the init fork is backed up.
        List<String> unlogged = files.keySet().stream()
                .filter(name -> name.endsWith("_init"))
                .map(name -> name.substring(0, name.length() - "_init".length()))
                .toList();
        files.keySet().removeIf(name -> {
            var relation = RELATION.matcher(name);
            return relation.matches() && !"_init".equals(relation.group(2)) && unlogged.contains(relation.group(1));
        });
        return files;
    }
}
