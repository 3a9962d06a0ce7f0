package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;
import java.util.List;

/**
 * One file, directory or symbolic link of the cluster.
 *
 * @param path raw bytes relative to the data directory, {@code /} between parts; files of tablespaces as
 *     {@code pg_tblspc/<oid>/...}
 * @param mode the lower 12 permission bits
 * @param modifiedMicros time of the last modification, microseconds since 1970 UTC
 * @param size bytes of content; 0 for anything but a file
 * @param linkTarget a symbolic link's target, else empty
 * @param extents the content in order; their lengths sum up to the size
 * @param windows digests of the content
 */
public record FileEntry(
        Bytes path,
        FileKind kind,
        int mode,
        long modifiedMicros,
        long size,
        Bytes linkTarget,
        List<Extent> extents,
        WindowDigests windows) {
    public FileEntry {
        extents = List.copyOf(extents);
        if (path.length() == 0 || path.length() > 4096) {
            throw new IllegalArgumentException("a path has 1 to 4096 bytes");
        }
        if (size < 0 || mode < 0 || mode > 07777) {
            throw new IllegalArgumentException("impossible size or mode of " + path.text());
        }
        long covered = 0;
        for (Extent extent : extents) {
            covered += extent.length();
        }
        if (covered != size || windows.count() != WindowDigests.countFor(size)) {
            throw new IllegalArgumentException("extents of " + covered + " bytes and " + windows
                    + " do not describe the " + size + " bytes of " + path.text());
        }
        if ((kind == FileKind.SYMLINK) != (linkTarget.length() > 0)) {
            throw new IllegalArgumentException("a symbolic link, and nothing else, has a target: " + path.text());
        }
    }

    /** A directory. */
    public static FileEntry directory(Bytes path, int mode, long modifiedMicros) {
        return new FileEntry(
                path, FileKind.DIRECTORY, mode, modifiedMicros, 0, Bytes.EMPTY, List.of(), WindowDigests.NONE);
    }

    /** A symbolic link. */
    public static FileEntry symlink(Bytes path, Bytes target, long modifiedMicros) {
        return new FileEntry(path, FileKind.SYMLINK, 0777, modifiedMicros, 0, target, List.of(), WindowDigests.NONE);
    }

    /** A regular file. */
    public static FileEntry file(
            Bytes path, int mode, long modifiedMicros, long size, List<Extent> extents, WindowDigests windows) {
        return new FileEntry(path, FileKind.FILE, mode, modifiedMicros, size, Bytes.EMPTY, extents, windows);
    }
}
