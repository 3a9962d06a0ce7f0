package io.pgbk.postgres.files;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Lists what belongs to a backup of a data directory. */
public final class DataDirectoryWalk {
    private static final int CHECK_EVERY = 256;
    // Deeper than PostgreSQL ever nests; a bound for what else lies there.
    private static final int MAX_DEPTH = 64;

    private final Path root;
    private final WalkOptions options;
    private final WalkVisitor visitor;
    private final TaskMonitor monitor;
    private final Set<RelativePath> tablespacesInside = new HashSet<>();
    private int sinceCheck;

    private DataDirectoryWalk(Path root, WalkOptions options, WalkVisitor visitor, TaskMonitor monitor) {
        this.root = root;
        this.options = options;
        this.visitor = visitor;
        this.monitor = monitor;
    }

    /**
     * Walks over the data directory and its tablespaces, in ascending order of the paths' bytes.
     *
     * <p>Memory: about 24 bytes for each name in the largest directory and its parents. Files and directories that
     * vanish meanwhile are left out.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when something that a restore would need cannot be read or is
     *     a symbolic link where PostgreSQL allows none; INTERRUPTED when the monitor cancels
     */
    public static void walk(Path dataDirectory, WalkOptions options, WalkVisitor visitor, TaskMonitor monitor) {
        try {
            Path root = dataDirectory.toRealPath();
            DataDirectoryWalk walk = new DataDirectoryWalk(root, options, visitor, monitor);
            walk.findTablespacesInside();
            walk.directory(root, RelativePath.ROOT, 0);
        } catch (AccessDeniedException e) {
            throw unreadable(e);
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "cannot list " + FileNames.display(dataDirectory) + ": " + e.getMessage(),
                    null,
                    e);
        }
    }

    static PgbkException unreadable(AccessDeniedException e) {
        return new PgbkException(
                ErrorCode.POSTGRES_UNSUITABLE,
                "the user " + System.getProperty("user.name") + " may not read " + nameOf(e.getFile()),
                "Run pgbk as the operating-system user of the database, and leave nothing in the data directory"
                        + " that it cannot read.",
                e);
    }

    private static String nameOf(@Nullable String file) {
        return file == null ? "a file" : FileNames.display(Path.of(file));
    }

    /** Notes tablespaces that lie in the data directory itself, so that the walk does not meet them twice. */
    private void findTablespacesInside() throws IOException {
        NameList names = list(root.resolve("pg_tblspc"));
        for (int i = 0; i < names.size(); i++) {
            try {
                Path real = FileNames.resolve(root.resolve("pg_tblspc"), names.get(i))
                        .toRealPath();
                if (real.startsWith(root) && !real.startsWith(root.resolve("pg_tblspc"))) {
                    tablespacesInside.add(new RelativePath(FileNames.characters(root.relativize(real))));
                }
            } catch (NoSuchFileException e) {
                // Dropped meanwhile, or a broken link: the walk says so.
            }
        }
    }

    /**
     * Visits the content of a directory.
     *
     * <p>In the order of whole paths a directory {@code a} stands before {@code a.b}, but {@code a/x} after it, because
     * {@code .} sorts before {@code /}. So directories that were announced wait until it is their content's turn.
     */
    private void directory(Path directory, RelativePath path, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new IOException("directories are nested too deeply: " + path);
        }
        NameList names = list(directory);
        boolean relations = ExclusionRules.isDatabaseDirectory(path);
        UnloggedRelations unlogged = relations ? UnloggedRelations.of(names) : UnloggedRelations.NONE;
        NavigableMap<String, Path> waiting = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            descendBefore(name, waiting, path, depth);
            if (++sinceCheck >= CHECK_EVERY) {
                sinceCheck = 0;
                monitor.checkCancelled();
            }
            if (!ExclusionRules.isExcluded(path, name)) {
                Path content = entry(FileNames.resolve(directory, name), path, name, relations, unlogged);
                if (content != null) {
                    waiting.put(name + "/", content);
                }
            }
        }
        descendBefore(null, waiting, path, depth);
    }

    private void descendBefore(@Nullable String name, NavigableMap<String, Path> waiting, RelativePath path, int depth)
            throws IOException {
        Map.Entry<String, Path> first;
        while ((first = waiting.firstEntry()) != null
                && (name == null || first.getKey().compareTo(name) < 0)) {
            waiting.remove(first.getKey());
            String child = first.getKey().substring(0, first.getKey().length() - 1);
            content(first.getValue(), path.child(child), depth + 1);
        }
    }

    private void content(Path directory, RelativePath path, int depth) throws IOException {
        if (ExclusionRules.isWal(path)) {
            walDirectory(directory, path);
        } else if (ExclusionRules.isTablespaceParent(path.parent()) && isTablespace(path.name())) {
            tablespaceContent(directory, path, depth);
        } else {
            directory(directory, path, depth);
        }
    }

    /** Only the directories below pg_wal belong to a backup, and only those that PostgreSQL makes. */
    private void walDirectory(Path directory, RelativePath path) throws IOException {
        for (String name : ExclusionRules.WAL_DIRECTORIES.stream().sorted().toList()) {
            PosixFileAttributes attributes = attributes(directory.resolve(name), true);
            if (attributes != null && attributes.isDirectory()) {
                emit(new SourceDirectory(
                        path.child(name),
                        directory.resolve(name),
                        mode(attributes),
                        attributes.lastModifiedTime(),
                        true));
            }
        }
    }

    /** A tablespace can hold directories of several versions (during an upgrade): only this version's is the server's. */
    private void tablespaceContent(Path directory, RelativePath path, int depth) throws IOException {
        String name = options.tablespaceVersionDirectory();
        Path version = directory.resolve(name);
        PosixFileAttributes attributes = attributes(version, false);
        if (attributes != null && attributes.isDirectory()) {
            RelativePath versionPath = path.child(name);
            emit(new SourceDirectory(versionPath, version, mode(attributes), attributes.lastModifiedTime(), false));
            directory(version, versionPath, depth + 1);
        }
    }

    /** Announces one entry and returns the directory whose content is to follow, or null. */
    private @Nullable Path entry(
            Path file, RelativePath parent, String name, boolean relations, UnloggedRelations unlogged)
            throws IOException {
        RelationFile relation = relations ? RelationFile.parse(name).orElse(null) : null;
        if ((relations && RelationFile.isTemporary(name)) || (relation != null && unlogged.rebuilds(relation))) {
            return null;
        }
        PosixFileAttributes attributes = attributes(file, false);
        if (attributes == null) {
            return null;
        }
        RelativePath path = parent.child(name);
        if (attributes.isSymbolicLink()) {
            return link(file, path, attributes);
        }
        if (attributes.isDirectory()) {
            return announceDirectory(file, path, attributes);
        }
        if (attributes.isRegularFile()) {
            emit(new SourceFile(
                    path, file, mode(attributes), attributes.lastModifiedTime(), attributes.size(), relation));
        } else {
            visitor.warning(path, path + " is neither a file nor a directory and is left out");
        }
        return null;
    }

    private @Nullable Path announceDirectory(Path directory, RelativePath path, PosixFileAttributes attributes)
            throws IOException {
        if (tablespacesInside.contains(path)) {
            return null; // its content is announced below pg_tblspc
        }
        boolean emptied = ExclusionRules.isEmptied(path, options);
        emit(new SourceDirectory(
                path,
                directory,
                mode(attributes),
                attributes.lastModifiedTime(),
                emptied || ExclusionRules.isWal(path)));
        return emptied ? null : directory;
    }

    /** PostgreSQL allows links for tablespaces, pg_wal and directories whose content is temporary. */
    private @Nullable Path link(Path link, RelativePath path, PosixFileAttributes attributes) throws IOException {
        String target = readLink(link);
        if (target == null) {
            return null;
        }
        if (ExclusionRules.isTablespaceParent(path.parent()) && isTablespace(path.name())) {
            return tablespace(link, path, attributes, target);
        }
        if (ExclusionRules.isWal(path) || ExclusionRules.isEmptied(path, options)) {
            PosixFileAttributes real = attributes(link, true);
            if (real != null && real.isDirectory()) {
                visitor.warning(
                        path,
                        path + " is a symbolic link to " + FileNames.display(target)
                                + "; a restore makes a directory of it");
                return announceDirectory(link, path, real);
            }
        }
        if (ExclusionRules.isData(path)) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    path + " in the data directory is a symbolic link to " + FileNames.display(target)
                            + ", which PostgreSQL does not support",
                    "Use a tablespace to keep data elsewhere, or mount the other file system there.");
        }
        visitor.warning(
                path,
                path + " is a symbolic link to " + FileNames.display(target)
                        + "; it is listed, but what it points to is not backed up");
        emit(new SourceLink(path, link, mode(attributes), attributes.lastModifiedTime(), target));
        return null;
    }

    private @Nullable Path tablespace(Path link, RelativePath path, PosixFileAttributes attributes, String target)
            throws IOException {
        PosixFileAttributes real = attributes(link, true);
        if (real == null || !real.isDirectory()) {
            visitor.warning(
                    path,
                    "the tablespace " + path + " points to " + FileNames.display(target)
                            + ", which is no directory; it is left out");
            return null;
        }
        Path directory = link.toRealPath();
        boolean inside = directory.startsWith(root);
        if (inside) {
            visitor.warning(
                    path,
                    "the tablespace " + path + " is at " + FileNames.display(target) + ", inside the data directory");
        }
        emit(new SourceTablespace(
                path,
                directory,
                mode(real),
                attributes.lastModifiedTime(),
                Integer.parseUnsignedInt(path.name()),
                target,
                inside));
        return directory;
    }

    /** Whether a name below pg_tblspc is a tablespace's number. */
    private static boolean isTablespace(String name) {
        return RelationFile.parse(name)
                .filter(number -> number.fork() == RelationFile.Fork.MAIN && number.segment() == 0)
                .isPresent();
    }

    private void emit(SourceEntry entry) throws IOException {
        visitor.entry(entry);
    }

    /** The attributes, or null when it has vanished. */
    private static @Nullable PosixFileAttributes attributes(Path file, boolean follow) throws IOException {
        try {
            return follow
                    ? Files.readAttributes(file, PosixFileAttributes.class)
                    : Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static @Nullable String readLink(Path link) throws IOException {
        try {
            return FileNames.characters(Files.readSymbolicLink(link));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** The sorted names; none when the directory has vanished (its database was dropped). */
    static NameList list(Path directory) throws IOException {
        NameList names = new NameList();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                names.add(FileNames.characters(entry.getFileName()));
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return names;
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        names.sort();
        return names;
    }

    private static int mode(PosixFileAttributes attributes) {
        return FileMode.of(attributes.permissions());
    }
}
