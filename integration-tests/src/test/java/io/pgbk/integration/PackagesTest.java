package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The files to publish: what they hold, that they can be made again, and that they run where there is no Java. */
class PackagesTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static BuiltPackages packages;
    private static Path home;

    @BeforeAll
    static void makeAndUnpack() throws Exception {
        packages = BuiltPackages.make();
        Path place = Files.createDirectory(packages.directory().resolve("a place with blanks"));
        execute("tar", "-xzf", packages.tar().toString(), "-C", place.toString());
        home = BuiltPackages.only(place, "pgbk-*");
        // Nobody may write there, as in /opt.
        execute("chmod", "-R", "a-w,a+rX", home.toString());
        execute("chmod", "a+rx", place.toString());
    }

    @AfterAll
    static void remove() throws Exception {
        execute("chmod", "-R", "u+w", packages.directory().toString());
        packages.close();
    }

    @Test
    void aSecondBuildElsewhereGivesTheSameBytes() throws Exception {
        for (Path file : List.of(packages.tar(), packages.deb())) {
            Path again = packages.second().resolve(file.getFileName().toString());
            if (Files.mismatch(file, again) >= 0) {
                // Which file it is says more than where the archives begin to differ.
                assertThat(listing(again)).isEqualTo(listing(file));
                assertThat(again).hasSameBinaryContentAs(file);
            }
        }
    }

    private static String listing(Path archive) throws Exception {
        return archive.toString().endsWith(".deb")
                ? execute("dpkg-deb", "--contents", archive.toString())
                : execute("tar", "-tvzf", archive.toString());
    }

    @Test
    void withNoJavaAnywhereInPathTheTarGzArchivesAndFetches() throws Exception {
        Path site = AsPostgres.temporaryDirectory("no java ");
        try (PostgresServer server = PostgresServer.builder(15)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                .start()) {
            Path tools = toolsWithoutJava(site);
            AsPostgres.createDirectory(site.resolve("repository"));
            Path config = site.resolve("pgbk.yaml");
            AsPostgres.write(config, """
                    cluster: main
                    postgres:
                      data-directory: %s
                      host: %s
                      port: %d
                      user: %s
                    repositories:
                      - name: primary
                        url: "file://%s"
                        encryption: {key-file: "%s"}
                    """.formatted(
                            server.dataDirectory(),
                            server.socketDirectory(),
                            server.port(),
                            server.user(),
                            site.resolve("repository"),
                            site.resolve("key")));
            server.sql("create table t (x int)");
            String segment = server.switchWal();

            CommandOutcome version = pgbk(tools, "-XshowSettings:properties", "version");
            assertThat(version.stdout()).startsWith("pgbk " + BuiltPackages.version());
            assertThat(version.stderr()).contains("java.home = " + home.resolve("runtime"));
            pgbk(tools, "", "key", "generate", site.resolve("key").toString()).orThrow();
            pgbk(tools, "", "--config", config.toString(), "init").orThrow();
            Path source = server.dataDirectory().resolve("pg_wal").resolve(segment);
            pgbk(tools, "", "--config", config.toString(), "archive-push", source.toString())
                    .orThrow();
            Path fetched = site.resolve("fetched");
            pgbk(tools, "", "--config", config.toString(), "archive-get", segment, fetched.toString())
                    .orThrow();
            assertThat(fetched).hasSameBinaryContentAs(source);
            assertThat(pgbk(tools, "", "--config", config.toString(), "info")
                            .orThrow()
                            .stdout())
                    .contains("main");
        } finally {
            AsPostgres.deleteTree(site);
        }
    }

    /** What the launcher may need of a host, in a folder of its own. */
    private static Path toolsWithoutJava(Path site) throws IOException {
        Path tools = Files.createDirectory(site.resolve("tools"));
        for (String tool : List.of("sh", "readlink", "pwd")) {
            Path program = Stream.of("/bin", "/usr/bin")
                    .map(folder -> Path.of(folder, tool))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(tools.resolve(tool), program);
        }
        AsPostgres.own(site);
        return tools;
    }

    private static CommandOutcome pgbk(Path tools, String options, String... arguments) {
        List<String> command = new ArrayList<>(List.of("/usr/bin/env", "-i", "PATH=" + tools));
        command.add("PGBK_JAVA_OPTIONS=" + options);
        command.add(home.resolve("bin/pgbk").toString());
        command.addAll(List.of(arguments));
        return AsPostgres.run(command, Map.of(), Path.of("/"), PATIENCE);
    }

    @Test
    void whoMayNotWriteIntoTheInstallationIsToldSoBeforeTheRehearsal() {
        CommandOutcome outcome =
                AsPostgres.run(List.of(home.resolve("lib/make-cache").toString()), Map.of(), null, PATIENCE);
        // root may write everywhere; tests that run as root run this as the database's user.
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.stderr()).contains("make-cache: this user may not write");
    }

    @Test
    void everyCommandHasAManualPageThatCanBeSet() throws Exception {
        Path manuals = home.resolve("share/man/man1");
        TreeSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.list(manuals)) {
            for (Path file : files.toList()) {
                names.add(file.getFileName().toString());
                assertThat(Files.readString(file)).startsWith(".TH ").contains(".SH NAME\n", ".SH SYNOPSIS\n");
            }
        }
        assertThat(names)
                .contains("pgbk.1", "pgbk-backup.1", "pgbk-restore.1", "pgbk-archive-push.1", "pgbk-wal-show.1");
        assumeThat(isInstalled("man")).as("man is installed").isTrue();
        for (String name : List.of("pgbk.1", "pgbk-restore.1")) {
            CommandOutcome set = AsPostgres.run(
                    "man",
                    "--warnings=all",
                    "-E",
                    "UTF-8",
                    "-l",
                    manuals.resolve(name).toString());
            assertThat(set.exit()).as(set.toString()).isZero();
            assertThat(set.stderr()).isEmpty();
            assertThat(set.stdout()).contains("NAME", "SYNOPSIS");
        }
    }

    @Test
    void theDocumentsThatMessagesNameAreThere() {
        assertThat(home.resolve("share/doc"))
                .isDirectoryContaining("glob:**/README.md")
                .isDirectoryContaining("glob:**/configuration.md")
                .isDirectoryContaining("glob:**/errors.md")
                .isDirectoryContaining("glob:**/operations.md");
    }

    @Test
    void theCompletionCompletesCommandsAndOptions() {
        assumeThat(isInstalled("bash")).as("bash is installed").isTrue();
        String script =
                "source \"$0\"; complete -p pgbk >/dev/null || exit 3; COMP_WORDS=(pgbk archive-p); COMP_CWORD=1;"
                        + " _complete_pgbk; echo \"${COMPREPLY[*]}\"; COMP_WORDS=(pgbk restore --target-ti); COMP_CWORD=2;"
                        + " _complete_pgbk; echo \"${COMPREPLY[*]}\"";
        CommandOutcome outcome = AsPostgres.run(
                "bash",
                "-c",
                script,
                home.resolve("share/bash-completion/completions/pgbk").toString());

        assertThat(outcome.stdout()).contains("archive-push").contains("--target-time");
    }

    /** Required by bom-1.6.schema.json, and what one needs to look for known flaws. */
    @Test
    void theListOfComponentsNamesEveryJarWithVersionLicenceAddressAndDigest() throws Exception {
        JsonNode list = Site.parse(Files.readString(home.resolve("share/sbom.cdx.json")));
        assertThat(list.get("bomFormat").asString()).isEqualTo("CycloneDX");
        assertThat(list.get("specVersion").asString()).isEqualTo("1.6");
        assertThat(list.get("version").asInt()).isEqualTo(1);
        assertThat(list.get("metadata").get("component").get("version").asString())
                .isEqualTo(BuiltPackages.version());
        TreeSet<String> digests = new TreeSet<>();
        TreeSet<String> references = new TreeSet<>();
        for (JsonNode component : list.get("components")) {
            String name = component.get("name").asString();
            assertThat(component.get("type").asString()).as(name).isIn("library", "platform");
            assertThat(component.get("version").asString()).as(name).isNotBlank();
            assertThat(component.get("purl").asString()).as(name).matches("pkg:(maven/[^/]+|generic)/[^@]+@.+");
            assertThat(references.add(component.get("bom-ref").asString()))
                    .as(name)
                    .isTrue();
            assertThat(component.get("licenses").isEmpty()).as(name).isFalse();
            if (component.has("hashes")) {
                JsonNode hash = component.get("hashes").get(0);
                assertThat(hash.get("alg").asString()).isEqualTo("SHA-256");
                digests.add(hash.get("content").asString());
            }
            assertLicenceTextIsThere(component);
        }
        TreeSet<String> jars = new TreeSet<>();
        for (Path jar : BuiltPackages.jars()) {
            jars.add(HexFormat.of().formatHex(sha256(Files.readAllBytes(jar))));
        }
        assertThat(jars).hasSizeGreaterThan(40);
        assertThat(digests).isEqualTo(jars);
        assertThat(references).anyMatch(reference -> reference.startsWith("pkg:generic/openjdk@25"));
    }

    private static void assertLicenceTextIsThere(JsonNode component) throws IOException {
        String licences = component.get("licenses").toString();
        if (component.get("type").asString().equals("platform")) {
            assertThat(home.resolve("runtime/legal/java.base/LICENSE")).exists();
        } else if (licences.contains("Apache-2.0")) {
            assertThat(Files.readString(home.resolve("share/LICENSE"))).contains("Apache License");
        } else {
            String folder = component.get("name").asString() + "-"
                    + component.get("version").asString();
            try (Stream<Path> texts = Files.list(home.resolve("share/licences").resolve(folder))) {
                assertThat(texts).as(folder).isNotEmpty();
            }
        }
    }

    private static byte[] sha256(byte[] content) throws Exception {
        return java.security.MessageDigest.getInstance("SHA-256").digest(content);
    }

    @Test
    void theDebianPackageSaysWhatItIsAndProtectsConfigurationAndSpool() throws Exception {
        assumeThat(isInstalled("dpkg-deb")).as("dpkg-deb is installed").isTrue();
        String deb = packages.deb().toString();
        String control = execute("dpkg-deb", "--field", deb);
        assertThat(control)
                .contains("Package: pgbk\n")
                .contains("Version: " + BuiltPackages.version() + "\n")
                .contains("Maintainer: A Tester <tester@example.org>\n")
                .contains("Depends: libc6");
        String contents = execute("dpkg-deb", "--contents", deb);
        assertThat(contents.lines()).allMatch(line -> line.contains(" root/root "));
        assertThat(contents)
                .containsPattern("drwxr-x--- .* \\./etc/pgbk/\n")
                .containsPattern("-rw-r----- .* \\./etc/pgbk/pgbk.yaml\n")
                .containsPattern("drwx------ .* \\./var/spool/pgbk/\n")
                .containsPattern("lrwxrwxrwx .* \\./usr/bin/pgbk -> \\.\\./lib/pgbk/bin/pgbk\n")
                .doesNotContainPattern("-rwx\\S* .*\\.so\n")
                .contains("./usr/share/man/man1/pgbk.1.gz", "./usr/share/bash-completion/completions/pgbk")
                .contains("./usr/share/doc/pgbk/changelog.gz", "./usr/lib/pgbk/share/sbom.cdx.json")
                .doesNotContain(".aot");
        // The configuration that is to be filled in and messages point to documents.
        assertThat(contents).contains("./usr/share/doc/pgbk/README.md.gz", "./usr/share/doc/pgbk/operations.md.gz");
        assertThat(Files.readString(Path.of("../cli/src/main/resources/io/pgbk/cli/packaging/debian/pgbk.yaml"))
                        .lines()
                        .flatMap(line -> Stream.of(line.split("[ ,]")))
                        .filter(word -> word.startsWith("/usr/share/doc"))
                        .map(word -> word.replaceFirst("\\.$", "")))
                .isNotEmpty()
                .allMatch(document -> contents.contains("." + document + "\n"));
        assertThat(execute("dpkg-deb", "--info", deb, "conffiles")).isEqualTo("/etc/pgbk/pgbk.yaml\n");
        if (isInstalled("lintian")) {
            // Overrides, with their reasons, are in the package.
            assertThat(execute("lintian", "--fail-on", "none", "--tag-display-limit", "0", deb)
                            .lines())
                    .noneMatch(line -> line.startsWith("E: ") || line.startsWith("W: "));
        }
    }

    /** In a root of its own, so that nothing can be left on this machine; only root may give files to other users. */
    @Test
    void theDebianPackageIsInstalledUpdatedRemovedAndPurgedWithoutATrace() throws Exception {
        assumeThat(System.getProperty("user.name")).as("runs as root").isEqualTo("root");
        assumeThat(isInstalled("dpkg")).as("dpkg is installed").isTrue();
        DebianRoot root = DebianRoot.make(packages.directory().resolve("debian"));
        List<String> before = root.files();

        root.dpkg("--install", packages.deb().toString());

        Path configuration = root.resolve("/etc/pgbk/pgbk.yaml");
        Path spool = root.resolve("/var/spool/pgbk");
        boolean hasUser = AsPostgres.user().equals("postgres");
        assertThat(mode(configuration)).isEqualTo("rw-r-----");
        assertThat(mode(root.resolve("/etc/pgbk"))).isEqualTo("rwxr-x---");
        assertThat(mode(spool)).isEqualTo("rwx------");
        assertThat(Files.getOwner(spool).getName()).isEqualTo(hasUser ? "postgres" : "root");
        assertThat(group(root.resolve("/etc/pgbk"))).isEqualTo(hasUser ? "postgres" : "root");
        assertThat(group(configuration)).isEqualTo(hasUser ? "postgres" : "root");
        assertThat(root.dpkg("--verify", "pgbk")).isEmpty();
        assertThat(caches(root)).as("what the hooks start from").isNotEmpty();
        Path program = root.resolve("/usr/bin/pgbk");
        assertThat(AsPostgres.run(program.toString(), "version").orThrow().stdout())
                .startsWith("pgbk " + BuiltPackages.version());
        assertThat(execute("sh", "-c", "gzip -dc '" + root.resolve("/usr/share/man/man1/pgbk-backup.1.gz") + "'"))
                .startsWith(".TH \"PGBK\\-BACKUP\"");
        assertThat(root.resolve("/usr/share/bash-completion/completions/pgbk")).isRegularFile();

        Files.writeString(configuration, "cluster: mine\n");
        Files.createFile(spool.resolve("something"));
        root.dpkg(
                "--install",
                DebianRoot.newer(packages.deb(), packages.directory()).toString());

        assertThat(Files.readString(configuration)).isEqualTo("cluster: mine\n");
        assertThat(mode(configuration)).isEqualTo("rw-r-----");
        assertThat(group(configuration)).isEqualTo(hasUser ? "postgres" : "root");
        assertThat(spool.resolve("something")).exists();
        assertThat(caches(root)).as("made anew, the old one is gone").containsExactly("pgbk-0.aot");
        assertThat(root.dpkg("--verify", "pgbk")).contains(" c /etc/pgbk/pgbk.yaml");

        root.dpkg("--remove", "pgbk");

        assertThat(program).doesNotExist();
        assertThat(root.resolve("/usr/lib/pgbk")).doesNotExist();
        assertThat(Files.readString(configuration)).isEqualTo("cluster: mine\n");
        assertThat(spool.resolve("something")).exists();

        root.dpkg("--purge", "pgbk");

        assertThat(root.files()).isEqualTo(before);
    }

    /** The only copy of a key may be there. */
    @Test
    void purgingThePackageLeavesWhatPeoplePutBesideTheConfiguration() throws Exception {
        assumeThat(System.getProperty("user.name")).as("runs as root").isEqualTo("root");
        assumeThat(isInstalled("dpkg")).as("dpkg is installed").isTrue();
        DebianRoot root = DebianRoot.make(packages.directory().resolve("with a key"));
        root.dpkg(
                "--install",
                DebianRoot.newer(packages.deb(), packages.directory()).toString());
        Path key = Files.writeString(root.resolve("/etc/pgbk/key"), "key");

        assertThat(root.dpkg("--purge", "pgbk")).contains("pgbk: /etc/pgbk is left");

        assertThat(key).hasContent("key");
        assertThat(root.resolve("/etc/pgbk/pgbk.yaml")).doesNotExist();
    }

    private static List<String> caches(DebianRoot root) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("/usr/lib/pgbk/lib"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".aot"))
                    .toList();
        }
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
    }

    private static String group(Path file) throws IOException {
        return Files.readAttributes(file, java.nio.file.attribute.PosixFileAttributes.class)
                .group()
                .getName();
    }

    private static boolean isInstalled(String program) {
        return Stream.of("/bin", "/usr/bin", "/usr/sbin")
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static String execute(String... command) throws Exception {
        return DebianRoot.execute(List.of(command));
    }
}
