package io.pgbk.integration;

import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The files to publish, made of the distribution that the build left, and, by a second run from the same classes, made
 * from the beginning in another folder, language, time zone and umask.
 *
 * @param directory for everything here; readable by every user
 */
record BuiltPackages(Path directory) implements AutoCloseable {
    private static final Path CLI = Path.of(System.getProperty("basedir", "."), "../cli")
            .toAbsolutePath()
            .normalize();
    private static final String MAINTAINER = "A Tester <tester@example.org>";
    /** As project.build.outputTimestamp: also the time of the distribution that is compared with. */
    private static final String TIME = "2026-11-21T00:00:00Z";

    static BuiltPackages make() throws IOException, InterruptedException {
        Path directory = AsPostgres.temporaryDirectory("packages-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        BuiltPackages packages = new BuiltPackages(directory);
        try {
            Files.createDirectories(packages.first());
            packages.run("archives", "022", "UTC", List.of(), CLI.resolve("target/pgbk"), packages.first());
            Path again = packages.second();
            Files.createDirectories(again);
            packages.run(
                    "reproduction",
                    "077",
                    "Asia/Kolkata",
                    List.of("-Duser.language=tr", "-Duser.country=TR"),
                    again.resolve("pgbk"),
                    again);
            return packages;
        } catch (IOException | RuntimeException | InterruptedException e) {
            packages.close();
            throw e;
        }
    }

    private void run(String product, String umask, String zone, List<String> options, Path home, Path target)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "umask " + umask + " && exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.add("-XX:+UseSerialGC");
        command.addAll(options);
        command.addAll(List.of("-cp", Files.readString(CLI.resolve("target/packaging.class-path"))));
        command.addAll(List.of("io.pgbk.cli.packaging.Packaging", CLI.toString(), version(), TIME, product));
        command.addAll(List.of(MAINTAINER, home.toString(), target.toString()));
        Path log = target.resolve("log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("TZ", zone);
        Process process = builder.start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException("packaging failed: " + Files.readString(log));
        }
    }

    /** What was made of the distribution that the build left. */
    Path first() {
        return directory.resolve("first");
    }

    /** What was made from the beginning. */
    Path second() {
        return directory.resolve("second");
    }

    Path tar() throws IOException {
        return only(first(), "pgbk-*-linux-*.tar.gz");
    }

    Path deb() throws IOException {
        return only(first(), "pgbk_*.deb");
    }

    static Path only(Path folder, String pattern) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, pattern)) {
            return files.iterator().next();
        }
    }

    /** The jars that went into the program. */
    static List<Path> jars() throws IOException {
        String classPath = Files.readString(CLI.resolve("target/packaging.class-path"));
        Path own = CLI.resolve("target/pgbk-cli-" + version() + ".jar");
        return Stream.concat(Stream.of(own), Stream.of(classPath.split(":", -1)).map(Path::of))
                .filter(path -> path.toString().endsWith(".jar"))
                .toList();
    }

    /** The version that is being built. */
    static String version() throws IOException {
        String name =
                only(CLI.resolve("target"), "pgbk-cli-*.jar").getFileName().toString();
        return name.substring("pgbk-cli-".length(), name.length() - ".jar".length());
    }

    @Override
    public void close() {
        AsPostgres.deleteTree(directory);
    }
}
