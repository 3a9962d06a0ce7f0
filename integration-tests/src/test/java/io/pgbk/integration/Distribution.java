package io.pgbk.integration;

import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;

/**
 * The distribution that the build made, copied once to a place that every user can read (the checkout may lie in a
 * home directory that the database's user cannot enter).
 */
final class Distribution {
    private static final Path HOME = copy();

    private Distribution() {}

    /** The launcher, as a database host would have it in its path. */
    static Path launcher() {
        return HOME.resolve("bin/pgbk");
    }

    static Path home() {
        return HOME;
    }

    private static Path copy() {
        Path built = Path.of(System.getProperty("basedir", "."), "../cli/target/pgbk")
                .toAbsolutePath()
                .normalize();
        if (!Files.isExecutable(built.resolve("bin/pgbk"))) {
            throw new IllegalStateException("there is no distribution in " + built + ": run bin/build");
        }
        Path target = AsPostgres.temporaryDirectory("dist-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> AsPostgres.deleteTree(target)));
        try {
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (Stream<Path> files = Files.walk(built)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Path copy = target.resolve(built.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(copy);
                    } else {
                        // With their times, else Java would not believe the caches that were made beside them.
                        Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
                    }
                }
            }
            AsPostgres.own(target);
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
