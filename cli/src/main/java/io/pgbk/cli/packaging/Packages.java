package io.pgbk.cli.packaging;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** The two files that are published: a tar.gz for any Linux, and a package for Debian. Equal content gives equal bytes. */
final class Packages {
    private static final String HOME = "./usr/lib/pgbk";
    private static final String CONFIGURATION = "./etc/pgbk/pgbk.yaml";
    /** What Debian has its own places for. */
    private static final Set<String> SHARED =
            Set.of("share/man", "share/bash-completion", "share/doc", "share/LICENSE");

    private static final int PROGRAM = 0755;
    private static final int DATA = 0644;

    private final String version;
    private final Instant time;
    private final Path home;

    /** @param home the distribution */
    Packages(String version, Instant time, Path home) {
        this.version = version;
        this.time = time;
        this.home = home;
    }

    /** Writes the tar.gz: one folder named after the version. */
    void writeTar(Path file) throws IOException {
        Contents contents = new Contents();
        contents.addTree("pgbk-" + version, home);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            compress(contents, out);
        }
    }

    /**
     * Writes the Debian package: an ar file of the format's version, the control files and the data.
     *
     * @param architecture Debian's name
     * @param maintainer name and address
     * @param changes the changelog
     */
    void writeDeb(Path file, String architecture, String maintainer, byte[] changes) throws IOException {
        Contents data = new Contents();
        data.addFolder(".", 0755);
        data.addTree(HOME, home, SHARED);
        data.addLink("./usr/bin/pgbk", "../lib/pgbk/bin/pgbk");
        data.addFolder("./etc/pgbk", 0750);
        data.addFolder("./var/spool/pgbk", 0700);
        data.addFile(CONFIGURATION, 0640, resource("pgbk.yaml"));
        addCompressed(data, "./usr/share/man/man1/", home.resolve("share/man/man1"));
        addCompressed(data, "./usr/share/doc/pgbk/", home.resolve("share/doc"));
        data.addFile(
                "./usr/share/bash-completion/completions/pgbk",
                DATA,
                withoutInterpreter(Files.readString(home.resolve("share/bash-completion/completions/pgbk"))));
        data.addFile("./usr/share/doc/pgbk/copyright", DATA, resource("copyright"));
        data.addFile("./usr/share/doc/pgbk/changelog.gz", DATA, Gzip.best(changelog(maintainer)));
        data.addFile("./usr/share/doc/pgbk/CHANGELOG.md.gz", DATA, Gzip.best(changes));
        data.addFile("./usr/share/lintian/overrides/pgbk", DATA, resource("lintian-overrides"));
        Contents control = new Contents();
        control.addFolder(".", 0755);
        control.addFile("./control", DATA, control(architecture, maintainer, data.totalBytes()));
        control.addFile("./conffiles", DATA, (CONFIGURATION.substring(1) + "\n").getBytes(StandardCharsets.UTF_8));
        control.addFile("./md5sums", DATA, data.md5Sums(CONFIGURATION).getBytes(StandardCharsets.UTF_8));
        for (String script : new String[] {"postinst", "prerm", "postrm"}) {
            control.addFile("./" + script, PROGRAM, resource(script));
        }
        Path dataFile = file.resolveSibling(file.getFileName() + ".data");
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(dataFile), 1 << 16)) {
                compress(data, out);
            }
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
                out.write("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
                member(out, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
                ByteArrayOutputStream controlFile = new ByteArrayOutputStream();
                compress(control, controlFile);
                member(out, "control.tar.gz", controlFile.toByteArray());
                member(out, "data.tar.gz", Files.readAllBytes(dataFile));
            }
        } finally {
            Files.deleteIfExists(dataFile);
        }
    }

    private static void addCompressed(Contents data, String place, Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                data.addFile(place + file.getFileName() + ".gz", DATA, Gzip.best(Files.readAllBytes(file)));
            }
        }
    }

    private void compress(Contents contents, OutputStream out) throws IOException {
        GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16);
        try (TarWriter tar = new TarWriter(gzip, time)) {
            contents.write(tar);
        }
        gzip.finish();
    }

    /** One file of an ar archive; the next one begins at an even place. */
    private void member(OutputStream out, String name, byte[] content) throws IOException {
        out.write(String.format(
                        Locale.ROOT,
                        "%-16s%-12d0     0     100644  %-10d`\n",
                        name,
                        time.getEpochSecond(),
                        content.length)
                .getBytes(StandardCharsets.US_ASCII));
        out.write(content);
        if (content.length % 2 != 0) {
            out.write('\n');
        }
    }

    /** The file is read by a shell that runs already. */
    private static byte[] withoutInterpreter(String script) {
        return (script.startsWith("#!") ? script.substring(script.indexOf('\n') + 1) : script)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Debian's form of it, which has one entry for each package; what changed in pgbk stands beside it. */
    private byte[] changelog(String maintainer) {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(time.atOffset(ZoneOffset.UTC));
        return """
                pgbk (%s) unstable; urgency=medium

                  * What changed is in CHANGELOG.md.gz beside this file.

                 -- %s  %s
                """.formatted(debianVersion(), maintainer, date.replace("GMT", "+0000"))
                .getBytes(StandardCharsets.UTF_8);
    }

    private String debianVersion() {
        return version.replace("-SNAPSHOT", "~snapshot");
    }

    private byte[] control(String architecture, String maintainer, long bytes) throws IOException {
        return new String(resource("control"), StandardCharsets.UTF_8)
                .replace("@VERSION@", debianVersion())
                .replace("@ARCHITECTURE@", architecture)
                .replace("@MAINTAINER@", maintainer)
                .replace("@KILOBYTES@", Long.toString((bytes + 1023) / 1024))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Packages.class.getResourceAsStream("debian/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }
}
