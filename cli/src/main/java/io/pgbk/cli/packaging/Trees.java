package io.pgbk.cli.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Work on whole folders. */
final class Trees {
    private Trees() {}

    /** Everything below a folder and the folder itself, in an order that depends on names only. */
    static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.sorted(Comparator.comparing(Path::toString)).toList();
        }
    }

    static void delete(Path directory) throws IOException {
        if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            for (Path path : list(directory).reversed()) {
                Files.delete(path);
            }
        }
    }

    /** Copies a folder's content into another, which is made. */
    static void copy(Path from, Path to) throws IOException {
        for (Path path : list(from)) {
            Path copy = to.resolve(from.relativize(path).toString());
            if (Files.isDirectory(path)) {
                Files.createDirectories(copy);
            } else {
                Files.copy(path, copy, LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** Gives everything the modes of an installed program, whatever the umask was, and one time. */
    static void normalise(Path directory, FileTime time) throws IOException {
        for (Path path : list(directory).reversed()) {
            if (!Files.isSymbolicLink(path)) {
                boolean executable = Files.isDirectory(path) || isProgram(path);
                Files.setPosixFilePermissions(
                        path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
                Files.setLastModifiedTime(path, time);
            }
        }
    }

    private static boolean isProgram(Path path) {
        String name = path.getFileName().toString();
        return path.toString().contains("/bin/")
                || name.equals("jexec")
                || name.equals("jspawnhelper")
                || name.equals("make-cache");
    }
}
