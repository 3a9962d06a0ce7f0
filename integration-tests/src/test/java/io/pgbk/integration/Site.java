package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One database host as an operator would set it up: a directory with configuration, key and credentials, and the
 * launcher run as the database's user. Nothing of it is on the class path of the test: pgbk is only called as a program.
 */
public final class Site implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofMinutes(3);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path directory;
    private final Path repositoryRoot;
    private final String cluster;
    private final boolean encrypted;
    private final List<Repository> repositories;
    private @Nullable PostgresServer server;
    private String extraYaml = "";
    private boolean checkedAtTheEnd;

    /** A repository of the configuration. */
    public record Repository(String name, StoreKind store, String prefix, String moreYaml) {}

    private Site(
            Path directory, Path repositoryRoot, String cluster, boolean encrypted, List<Repository> repositories) {
        this.directory = directory;
        this.repositoryRoot = repositoryRoot;
        this.cluster = cluster;
        this.encrypted = encrypted;
        this.repositories = repositories;
    }

    /** A site with one repository of its own. */
    public static Site create(StoreKind store, boolean encrypted) {
        return create(encrypted, List.of(new Repository("primary", store, randomPrefix(), "")));
    }

    static Site create(boolean encrypted, List<Repository> repositories) {
        Path directory = AsPostgres.temporaryDirectory("site-");
        Path repositoryRoot = AsPostgres.createDirectory(directory.resolve("repositories"));
        Site site = new Site(directory, repositoryRoot, "main", encrypted, repositories);
        site.checkedAtTheEnd = true;
        site.writeSecrets(newKey());
        return site;
    }

    public static String randomPrefix() {
        byte[] random = new byte[6];
        new SecureRandom().nextBytes(random);
        return "t/" + HexFormat.of().formatHex(random);
    }

    private static byte[] newKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return key;
    }

    /** Another host that shares only the bucket and the key with this one. */
    Site anotherHost() {
        Path other = AsPostgres.temporaryDirectory("site-");
        Site site = new Site(other, repositoryRoot, cluster, encrypted, repositories);
        try {
            site.writeSecrets(Files.readAllBytes(directory.resolve("key")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return site;
    }

    private void writeSecrets(byte[] key) {
        try {
            Files.write(directory.resolve("key"), key);
            for (Repository repository : repositories) {
                S3Endpoint endpoint = repository.store().endpoint();
                if (endpoint == null) {
                    AsPostgres.createDirectory(repositoryRoot.resolve(repository.prefix()));
                } else {
                    String label = repository.store().label();
                    Files.writeString(directory.resolve("access-key-" + label), endpoint.accessKey() + "\n");
                    Files.writeString(directory.resolve("secret-key-" + label), endpoint.secretKey() + "\n");
                    Path ca = endpoint.caFile();
                    if (ca != null) {
                        Files.write(directory.resolve("ca.pem"), Files.readAllBytes(ca));
                    }
                }
            }
            try (var files = Files.list(directory)) {
                for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AsPostgres.own(directory);
    }

    /** Writes the configuration for a server; called again it replaces it. */
    public Site configure(PostgresServer wanted) {
        server = wanted;
        return configure(wanted.dataDirectory(), wanted.socketDirectory(), wanted.port(), wanted.user());
    }

    Site configure(Path dataDirectory, Path socketDirectory, int port, String user) {
        StringBuilder yaml = new StringBuilder();
        yaml.append("cluster: ").append(cluster).append('\n');
        yaml.append("postgres:\n");
        yaml.append("  data-directory: ").append(dataDirectory).append('\n');
        yaml.append("  host: ").append(socketDirectory).append('\n');
        yaml.append("  port: ").append(port).append('\n');
        yaml.append("  user: ").append(user).append('\n');
        yaml.append("repositories:\n");
        for (Repository repository : repositories) {
            yaml.append("  - name: ").append(repository.name()).append('\n');
            yaml.append(repository.store().repositoryYaml(repositoryRoot, repository.prefix(), directory));
            yaml.append("    encryption: ")
                    .append(encrypted ? "{key-file: " + directory.resolve("key") + "}" : "none")
                    .append('\n');
            yaml.append(repository.moreYaml());
        }
        yaml.append("time-zone: UTC\n");
        yaml.append("parallel: 2\n");
        yaml.append(extraYaml);
        AsPostgres.write(config(), yaml.toString());
        return this;
    }

    /** Adds lines to the end of the configuration from the next {@code configure} on. */
    Site withYaml(String lines) {
        extraYaml = lines;
        return this;
    }

    /** For a measurement, whose repositories are large: {@link #close()} will not look at them. */
    public Site unchecked() {
        checkedAtTheEnd = false;
        return this;
    }

    Path directory() {
        return directory;
    }

    Path config() {
        return directory.resolve("pgbk.yaml");
    }

    Path repositoryDirectory(int number) {
        return repositoryRoot.resolve(repositories.get(number).prefix());
    }

    List<Repository> repositories() {
        return repositories;
    }

    /** What goes into postgresql.conf. */
    public String archiveCommand() {
        return Distribution.launcher() + " --config " + config() + " archive-push %p";
    }

    /** Runs pgbk as the database's user and returns whatever it gave. */
    CommandOutcome pgbk(String... arguments) {
        return AsPostgres.run(command(arguments), AsPostgres.PGBK_ENVIRONMENT, directory, TIMEOUT);
    }

    /** The words of a pgbk command for this site. */
    public List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Distribution.launcher().toString());
        command.add("--config");
        command.add(config().toString());
        command.addAll(List.of(arguments));
        return command;
    }

    /** Runs pgbk, which must succeed, and returns its standard output. */
    public String run(String... arguments) {
        return pgbk(arguments).orThrow().stdout();
    }

    /** Runs pgbk with JSON output, which must succeed. */
    public JsonNode json(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--output");
        all.add("json");
        return parse(run(all.toArray(String[]::new)));
    }

    public static JsonNode parse(String json) {
        return JSON.readTree(json);
    }

    /** Runs pgbk, which must fail with the exit code, and returns everything that it said. */
    String fails(int exit, String... arguments) {
        CommandOutcome outcome = pgbk(arguments);
        assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(exit);
        assertThat(outcome.stderr()).as("the error stands on stderr").contains("error: ");
        return outcome.stdout() + outcome.stderr();
    }

    /** Waits until everything that the server has written so far is archived. */
    void archiveEverything() {
        PostgresServer running = server;
        if (running == null) {
            throw new IllegalStateException("configure the site first");
        }
        running.sql("create table if not exists public.pgbk_switch (x int)");
        String segment = running.queryOne("select pg_walfile_name(pg_switch_wal())");
        running.await("select coalesce(last_archived_wal, '') >= '" + segment + "' from pg_stat_archiver");
    }

    /** Fails when a repository of this site, to which nobody writes any more, breaks a promise; removes everything. */
    @Override
    public void close() {
        try {
            if (checkedAtTheEnd) {
                Optional<byte[]> key =
                        encrypted ? Optional.of(Files.readAllBytes(directory.resolve("key"))) : Optional.empty();
                for (Repository repository : repositories) {
                    Soundness.check(repository, repositoryRoot.resolve(repository.prefix()), key);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            AsPostgres.deleteTree(directory);
        }
    }
}
