package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.S3ProxyServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Hazard: secrets in output, errors, configuration files of the restored server, or the repository. A whole run of the
 * program on S3, failures included, at its most talkative; then everything that it left behind is searched.
 */
class SecretsTest {
    private static final String PASSPHRASE = "correct-horse-battery-staple";
    private static final String WRONG_PASSPHRASE = "wrong-horse-wrong-battery";
    private static final String KEY = HexFormat.of().formatHex(new byte[32]).replace('0', '5');
    private static final String OTHER_KEY = "4b".repeat(32);
    private static final String MALFORMED_KEY = "this-is-no-key-but-somebodys-secret";
    private static final String WRONG_SECRET_KEY = "WrongSecretKey/0123456789";
    private static final String DATABASE_PASSWORD = "pa55word-of-the-role";
    private static final String INLINE = "secret-written-into-the-yaml";
    private static final String ROW = "row-of-the-live-cluster-";

    private final CommandSite site = SharedSite.get();
    private final StringBuilder everything = new StringBuilder();

    @Test
    void noSecretAndNoRowIsInAnyOutputNorInTheRepositoryNorInWhatIsRestored() throws Exception {
        Path root = Files.createDirectories(site.directory().resolve("s3"));
        try (S3ProxyServer s3 = S3ProxyServer.start(root, "secrets")) {
            String secretKey = s3.endpoint("secrets").secretKey();
            Path config = configure(s3, "s3.yaml", KEY, secretKey);
            run(0, config, "init");
            site.archiveWith(config);
            try {
                run(0, config, "backup");
                run(0, config, "check");
            } finally {
                site.archiveOnlyWith(site.config());
            }
            Path restored = site.directory().resolve("restored-secrets");
            run(
                    0,
                    config,
                    "restore",
                    "--data-directory",
                    restored.toString(),
                    "--standby",
                    "--primary-conninfo",
                    "host=db1 passfile=/x");
            run(
                    0,
                    config,
                    "key",
                    "add",
                    "--passphrase-file",
                    site.secret("good-passphrase", PASSPHRASE).toString());
            run(
                    0,
                    config,
                    "key",
                    "rotate",
                    "--passphrase-file",
                    site.directory().resolve("good-passphrase").toString());
            for (String command : List.of("info", "verify", "key list", "wal list", "config show", "config check")) {
                run(0, config, command.split(" "));
            }
            String last = site.runWith(config, "wal", "list", "--output", "json")
                    .json()
                    .at("/timelines/0/lastWal")
                    .asString();
            run(
                    0,
                    config,
                    "archive-get",
                    last,
                    site.directory().resolve("fetched-secret").toString());
            failures(s3, config, secretKey);

            List<String> secrets = List.of(
                    PASSPHRASE,
                    WRONG_PASSPHRASE,
                    KEY,
                    OTHER_KEY,
                    MALFORMED_KEY,
                    secretKey,
                    WRONG_SECRET_KEY,
                    DATABASE_PASSWORD,
                    INLINE,
                    new String(HexFormat.of().parseHex(KEY), StandardCharsets.ISO_8859_1));
            assertThat(everything.toString())
                    .contains("debug: " + last + " from")
                    .contains("\"error\"");
            for (String secret : secrets) {
                assertThat(everything).doesNotContain(secret);
                assertThat(filesWith(root.resolve("data"), secret))
                        .as("in the repository")
                        .isEmpty();
            }
            assertThat(filesWith(root.resolve("data"), ROW))
                    .as("rows in the repository")
                    .isEmpty();
            assertThat(everything).doesNotContain(ROW);
            assertThat(filesWith(restored.resolve("base"), ROW))
                    .as("the rows are there")
                    .isNotEmpty();
            String settings = Files.readString(restored.resolve("postgresql.auto.conf"));
            assertThat(settings).contains("restore_command").doesNotContain(secrets);
        }
    }

    private void failures(S3ProxyServer s3, Path config, String secretKey) {
        run(20, configure(s3, "wrong-key.yaml", OTHER_KEY, secretKey), "info");
        run(20, configure(s3, "no-key.yaml", MALFORMED_KEY, secretKey), "info");
        run(12, configure(s3, "wrong-credentials.yaml", KEY, WRONG_SECRET_KEY), "info");
        run(1, configure(s3, "wrong-credentials.yaml", KEY, WRONG_SECRET_KEY), "check");
        run(
                20,
                site.configure(
                        "wrong-passphrase.yaml",
                        repository(
                                s3,
                                "passphrase-file: " + site.secret("bad-passphrase", WRONG_PASSPHRASE),
                                secretKey,
                                "wrong-passphrase")),
                "info");
        run(2, site.configure("inline.yaml", repository(s3, "passphrase: " + INLINE, secretKey, "inline")), "info");
        run(
                2,
                site.configure(
                        "inline-url.yaml", "  - url: s3://user:" + INLINE + "@secrets/pg\n    encryption: none\n"),
                "info");
        run(2, config, "init", "--passphrase=" + INLINE);
        run(2, config, "restore", "--standby", "--primary-conninfo", "host=db1 password=" + INLINE);
    }

    private Path configure(S3ProxyServer s3, String file, String key, String secretKey) {
        return site.configure(file, repository(s3, "key-file: " + site.secret(file + ".key", key), secretKey, file));
    }

    private String repository(S3ProxyServer s3, String encryption, String secretKey, String name) {
        return """
                  - url: s3://secrets/pg
                    endpoint: %s
                    region: %s
                    path-style: true
                    credentials: {access-key-file: %s, secret-key-file: %s}
                    encryption: {%s}
                """.formatted(
                        s3.endpoint("secrets").url(),
                        s3.endpoint("secrets").region(),
                        site.secret(name + ".access", s3.endpoint("secrets").accessKey()),
                        site.secret(name + ".secret", secretKey),
                        encryption)
                .indent(2)
                .replaceAll("(?m)^    ", "  ");
    }

    private void run(int exit, Path config, String... command) {
        for (String format : List.of("text", "json")) {
            List<String> all = new ArrayList<>(List.of(command));
            boolean once = List.of("backup", "restore", "key").contains(command[0]) && exit == 0;
            all.addAll(List.of("-v", "--output", once ? "json" : format));
            Outcome outcome = site.runWith(
                    config,
                    Map.of("PGBK_POSTGRES_PASSWORD", DATABASE_PASSWORD),
                    Clock.systemUTC(),
                    all.toArray(String[]::new));
            assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(exit);
            everything.append(outcome.all());
            if (once) {
                return;
            }
        }
    }

    /** Files with the text in any of their bytes. */
    private static List<Path> filesWith(Path directory, String text) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> {
                        try {
                            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .toList();
        }
    }
}
