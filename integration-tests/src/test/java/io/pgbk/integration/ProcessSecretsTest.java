package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Hazard: secrets in argument lists. Everybody on a host can read a process's arguments, and its user the environment:
 * what pgbk reads from files must be in neither, in no process that it starts, whatever the command.
 */
class ProcessSecretsTest {
    private static final String PASSWORD = "pa55word-of-the-role";

    /** The arguments of all processes seen. */
    private final Set<String> arguments = new TreeSet<>();

    /** Their environments, by their arguments. */
    private final Map<String, String> environments = new TreeMap<>();

    @Test
    void noProcessOfAnyCommandHasASecretOfAFileInItsArgumentsOrEnvironment() throws Exception {
        try (Site site = Site.create(StoreKind.S3PROXY, true);
                PostgresServer server = PostgresServer.builder(15)
                        .withArchiveCommand(site.archiveCommand())
                        .create()) {
            site.configure(server);
            server.start();
            watch(site, "init");
            watch(site, "backup");
            site.archiveEverything();
            String segment = server.queryOne("select last_archived_wal from pg_stat_archiver");
            watch(
                    site,
                    "archive-push",
                    server.dataDirectory().resolve("pg_wal").resolve(segment).toString());
            watch(
                    site,
                    "archive-get",
                    segment,
                    site.directory().resolve("fetched").toString());
            watch(site, "info");
            watch(site, "verify");
            watch(site, "key", "list");
            watch(
                    site,
                    "restore",
                    "--data-directory",
                    site.directory().resolve("restored").toString());

            assertThat(arguments).anyMatch(seen -> seen.contains("/java") && seen.contains("backup"));
            assertThat(environments).isNotEmpty();
            for (String secret : secretsOf(site)) {
                assertThat(arguments).as("arguments").noneMatch(seen -> seen.contains(secret));
                assertThat(environments.values()).as("environments").noneMatch(seen -> seen.contains(secret));
            }
            assertThat(arguments)
                    .as("what is in the environment by the operator's choice stays there")
                    .noneMatch(seen -> seen.contains(PASSWORD));
        }
    }

    private static List<String> secretsOf(Site site) throws IOException {
        byte[] key = Files.readAllBytes(site.directory().resolve("key"));
        S3Endpoint endpoint = Objects.requireNonNull(StoreKind.S3PROXY.endpoint());
        return List.of(
                endpoint.secretKey(),
                new String(key, StandardCharsets.ISO_8859_1),
                HexFormat.of().formatHex(key),
                HexFormat.of().withUpperCase().formatHex(key),
                Base64.getEncoder().encodeToString(key));
    }

    /** Runs a command, which must succeed, and looks at it and at all that it starts as long as it lives. */
    private void watch(Site site, String... words) throws Exception {
        List<String> all = new ArrayList<>(site.command(words));
        all.add("-v");
        Path output = site.directory().resolve("output");
        ProcessBuilder builder = new ProcessBuilder(AsPostgres.command(all))
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(AsPostgres.PGBK_ENVIRONMENT);
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
        builder.environment().put("PGBK_POSTGRES_PASSWORD", PASSWORD);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            do {
                Stream.concat(Stream.of(process.toHandle()), process.descendants())
                        .map(ProcessHandle::pid)
                        .forEach(this::look);
            } while (!process.waitFor(5, TimeUnit.MILLISECONDS));
            assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private void look(long pid) {
        String seen = read(pid, "cmdline");
        // Before exec(2) it is still this test, or setpriv.
        if (!seen.isEmpty()) {
            arguments.add(seen);
            String environment = read(pid, "environ");
            if (!environment.isEmpty()) {
                environments.put(seen, environment);
            }
        }
    }

    /** What the kernel says about a process; empty when it has ended. */
    private static String read(long pid, String what) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/" + what)), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
