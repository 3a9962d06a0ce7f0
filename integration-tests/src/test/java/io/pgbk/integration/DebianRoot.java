package io.pgbk.integration;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder that dpkg takes for the root of a system on which nothing but the C library is installed. The maintainer's
 * scripts run outside of it and are told where it is ({@code DPKG_ROOT}), as dpkg does for images of systems.
 */
record DebianRoot(Path directory) {
    static DebianRoot make(Path directory) throws Exception {
        Path state = Files.createDirectories(directory.resolve("var/lib/dpkg"));
        for (String folder : List.of("info", "updates", "triggers", "parts")) {
            Files.createDirectory(state.resolve(folder));
        }
        String architecture = execute(List.of("dpkg", "--print-architecture")).strip();
        Files.writeString(state.resolve("status"), """
                Package: libc6
                Status: install ok installed
                Maintainer: Nobody <nobody@example.org>
                Architecture: %s
                Version: 2.36-9
                Description: C library

                """.formatted(architecture));
        Files.createFile(state.resolve("available"));
        for (String folder : List.of("usr/bin", "usr/lib", "usr/share/man/man1", "etc", "var/spool", "var/log")) {
            // With something of others in it: dpkg removes folders that have become empty.
            Files.createFile(Files.createDirectories(directory.resolve(folder)).resolve("of-others"));
        }
        return new DebianRoot(directory);
    }

    /** The package with a higher version, another configuration to begin with, and a rehearsal that costs nothing. */
    static Path newer(Path deb, Path folder) throws Exception {
        Path file = folder.resolve("newer.deb");
        if (!Files.exists(file)) {
            Path tree = folder.resolve("newer");
            execute(List.of("dpkg-deb", "--raw-extract", deb.toString(), tree.toString()));
            Path control = tree.resolve("DEBIAN/control");
            Files.writeString(control, Files.readString(control).replaceFirst("(?m)^Version: .*$", "Version: 999.0"));
            Path configuration = tree.resolve("etc/pgbk/pgbk.yaml");
            Files.writeString(configuration, "# newer\n" + Files.readString(configuration));
            Files.writeString(
                    tree.resolve("usr/lib/pgbk/lib/make-cache"), "#!/bin/sh\n: >\"$(dirname \"$0\")/pgbk-0.aot\"\n");
            Files.delete(tree.resolve("DEBIAN/md5sums"));
            execute(List.of("dpkg-deb", "-Znone", "--build", tree.toString(), file.toString()));
        }
        return file;
    }

    /** The path of a file of the system. */
    Path resolve(String path) {
        return directory.resolve(path.substring(1));
    }

    /** Runs dpkg, which must succeed, and returns everything that it said. */
    String dpkg(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("dpkg"));
        // Containers leave manual pages out by their configuration; nobody can be asked about a configuration.
        command.addAll(List.of("--root=" + directory, "--force-script-chrootless", "--path-include=*"));
        command.addAll(List.of("--force-confdef", "--force-confold", "--force-unsafe-io", "--log=/dev/null"));
        command.addAll(List.of(arguments));
        return execute(command);
    }

    /** Everything that is there, except what dpkg itself notes. */
    List<String> files() throws IOException {
        Path state = directory.resolve("var/lib/dpkg");
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(path -> !path.startsWith(state))
                    .map(path -> directory.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    /** Runs a command as this user, which must succeed, and returns everything that it said. */
    static String execute(List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exit = process.waitFor();
        // dpkg --verify tells changed files by a status of 1 or not at all, by its version.
        boolean verified = exit == 1 && command.contains("--verify");
        if (exit != 0 && !verified) {
            throw new IllegalStateException(String.join(" ", command) + "\nexit " + exit + "\n" + said);
        }
        return said;
    }
}
