package io.pgbk.integration.chains;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.integration.Site;
import io.pgbk.integration.faults.Pgbk;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.ClusterDigest;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** A server whose hooks run in this JVM, its repository, and the backups taken of it. */
final class ChainSite implements AutoCloseable {
    private final Path directory = AsPostgres.temporaryDirectory("chain-");
    private final Path configuration = directory.resolve("pgbk.yaml");
    private final HookChannel hooks = new HookChannel(configuration);
    private final PostgresServerOptions options;
    private final List<String> labels = new ArrayList<>();
    /** The backups on the server's own history, and that of each backup when it was taken. */
    private final List<String> line = new ArrayList<>();

    private final Map<String, List<String>> lines = new HashMap<>();
    private Path space = AsPostgres.createDirectory(directory.resolve("space"));
    private PostgresServer server;
    private int copies;

    ChainSite(ChainCase run) {
        Map<String, String> settings = Map.of(
                "archive_mode",
                "on",
                "archive_command",
                hooks.archiveCommand(),
                "restore_command",
                hooks.restoreCommand(),
                "autovacuum",
                "off");
        PostgresServerOptions wanted = PostgresServer.builder(run.major()).withChecksums(run.checksums());
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            // On the command line, so that they count in restored directories too.
            wanted = wanted.withCommandLineSetting(setting.getKey(), setting.getValue());
        }
        PostgresServerOptions loading = wanted;
        options = run.summaries() ? wanted.withCommandLineSetting("summarize_wal", "on") : wanted;
        server = options.create();
        try {
            Files.write(directory.resolve("key"), new byte[32]);
            Files.setPosixFilePermissions(directory.resolve("key"), PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AsPostgres.createDirectory(directory.resolve("repository"));
        configure();
        if (run.border()) {
            makeBig(loading);
        }
        server.start();
        pgbk("init");
        server.sql("create tablespace space location '" + space + "'");
        server.sql(ChainSteps.setup().toArray(String[]::new));
    }

    /** Before anything is archived: a table that is made in a transaction of wal_level minimal needs no WAL. */
    private void makeBig(PostgresServerOptions without) {
        try (PostgresServer loading = without.withCommandLineSetting("archive_mode", "off")
                .withCommandLineSetting("wal_level", "minimal")
                .withCommandLineSetting("max_wal_senders", "0")
                .on(server.dataDirectory())) {
            loading.start();
            loading.sql(ChainSteps.setupBorder().toArray(String[]::new));
            loading.stop();
        }
    }

    private void configure() {
        AsPostgres.write(configuration, """
                cluster: main
                postgres:
                  data-directory: %s
                  host: %s
                  port: %d
                  user: %s
                repositories:
                  - name: primary
                    url: file://%s
                    encryption: {key-file: %s}
                time-zone: UTC
                parallel: 2
                history-deadline: 0s
                """.formatted(
                        server.dataDirectory(),
                        server.socketDirectory(),
                        server.port(),
                        server.user(),
                        directory.resolve("repository"),
                        directory.resolve("key")));
    }

    private Pgbk.Ended pgbk(String... words) {
        Pgbk.Ended ended = Pgbk.run(configuration, server.dataDirectory(), words);
        assertThat(ended.exit()).as(String.join(" ", words) + ": " + ended).isZero();
        return ended;
    }

    PostgresServer server() {
        return server;
    }

    /** Takes a backup of a server to which nobody writes, restores it and compares files, rows and structures. */
    void backUpAndCompare(String type) {
        // Reading may set hint bits: they are part of what is backed up.
        ClusterDigest expected = ClusterDigest.of(server);
        server.sql("checkpoint");
        Pgbk.Ended ended = pgbk("backup", "--type", type, "--output", "json");
        String label = Site.parse(ended.out()).get("label").asString();
        JsonNode parent = Site.parse(ended.out()).path("parent");
        if (parent.isString()) {
            assertThat(line)
                    .as("backups on the history of this server's timeline, of which the parent of " + label + " is one")
                    .contains(parent.asString());
        }
        labels.add(label);
        line.add(label);
        lines.put(label, List.copyOf(line));
        Path restored = directory.resolve("copy" + copies++);
        Path restoredSpace = Path.of(restored + "-space");
        restore(label, restored, restoredSpace);
        assertThat(FilesAtRest.differences(server.dataDirectory(), restored))
                .as("files of " + label + " beside those of the server")
                .isEmpty();
        try (PostgresServer copy =
                options.withCommandLineSetting("archive_mode", "off").on(restored)) {
            AsPostgres.own(restoredSpace);
            copy.start();
            copy.awaitRecoveryPaused();
            assertThat(ClusterDigest.of(copy).differencesTo(expected))
                    .as("rows of " + label + " / of the server")
                    .isEmpty();
            copy.sql("select pg_wal_replay_resume()");
            copy.awaitPromoted();
            assertThat(ClusterDigest.amcheck(copy)).as("amcheck of " + label).isEmpty();
        }
        AsPostgres.deleteTree(restored);
        AsPostgres.deleteTree(restoredSpace);
    }

    private void restore(String label, Path target, Path targetSpace) {
        AsPostgres.createDirectory(target);
        pgbk(
                "restore",
                "--backup",
                label,
                "--target-immediate",
                "--archiving",
                "off",
                "--data-directory",
                target.toString(),
                "--tablespace",
                space + "=" + targetSpace);
    }

    void crash() {
        server.kill();
        server.start();
    }

    /** The server's own WAL to its end, and a new timeline from there. */
    void promote() {
        server.stop();
        AsPostgres.write(server.dataDirectory().resolve("recovery.signal"), "");
        server.start();
        server.awaitPromoted();
    }

    /** Goes on from one of the backups, in a new directory, archiving to the same repository. */
    void goBackTo(int number) {
        String label = labels.get(number % labels.size());
        line.clear();
        line.addAll(lines.getOrDefault(label, List.of()));
        server.stop();
        Path data = directory.resolve("data" + copies++);
        Path newSpace = Path.of(data + "-space");
        restore(label, data, newSpace);
        server.close();
        space = newSpace;
        server = options.on(data);
        AsPostgres.own(space);
        configure();
        server.start();
        server.awaitRecoveryPaused();
        server.sql("select pg_wal_replay_resume()");
        server.awaitPromoted();
        // The target that the restore wrote shall not stop a later recovery.
        server.sql("alter system reset all");
    }

    @Override
    public void close() {
        server.close();
        hooks.close();
        AsPostgres.deleteTree(directory);
    }
}
