package io.pgbk.integration.chains;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.integration.Site;
import io.pgbk.integration.faults.Pgbk;
import io.pgbk.postgres.Lsn;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.ClusterDigest;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A server whose hooks run in this JVM, its repository, and the backups taken of it. */
final class ChainSite implements AutoCloseable {
    private static final int PAGE_BYTES = 8192;
    private static final Pattern UNLOGGED_EXISTS =
            Pattern.compile("FATAL: {2}could not create file \"([^\"]+)\": File exists");

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

    /** Hints that are set without WAL are in no summary, so pages that have nothing else are not read. */
    private final boolean hintsWithoutWal;

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
        hintsWithoutWal = run.summaries() && !run.checksums();
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
        server.start();
        pgbk("init");
        if (run.border()) {
            makeBig();
        }
        server.sql("create tablespace space location '" + space + "'");
        server.sql(ChainSteps.setup().toArray(String[]::new));
    }

    /** A table whose first file lacks a few pages of being full; all of its pages are new ones, which take no space. */
    private void makeBig() {
        server.sql("create table big (body text)", "alter table big alter body set storage plain");
        Path file = big("");
        server.stop();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            long end = (long) (ChainSteps.BORDER_PAGE - 2 * ChainSteps.BORDER_PAGES) * PAGE_BYTES;
            channel.write(ByteBuffer.allocate(PAGE_BYTES), end - PAGE_BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.start();
        server.sql(ChainSteps.fillBig(2 * ChainSteps.BORDER_PAGES + ChainSteps.borderRows(new Random(0))));
    }

    private Path big(String fork) {
        return server.dataDirectory().resolve(server.queryOne("select pg_relation_filepath('big')") + fork);
    }

    /** Cuts the big table below the size where its second file begins, and lets it grow again. */
    void crossBorder(ChainSteps.Step.CrossBorder cross) {
        server.sql("delete from big where ctid >= '(" + cross.firstPage() + ",0)'", "vacuum (truncate) big");
        assertThat(server.queryOne("select pg_relation_size('big') / 8192"))
                .isEqualTo(Integer.toString(cross.firstPage()));
        if (cross.checkpoint()) {
            server.sql("checkpoint");
        }
        // What VACUUM found to be free would be used first; without its notes the table grows at its end.
        Path free = big("_fsm");
        server.stop();
        try {
            Files.deleteIfExists(free);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.start();
        server.sql(ChainSteps.fillBig(cross.rows()));
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
        String label = backUp(type);
        Path restored = directory.resolve("copy" + copies++);
        Path restoredSpace = Path.of(restored + "-space");
        restore(label, restored, restoredSpace, "--target-immediate");
        assertThat(FilesAtRest.differences(server.dataDirectory(), restored, hintsWithoutWal))
                .as("files of " + label + " beside those of the server")
                .isEmpty();
        try (PostgresServer copy = copyIn(restored, restoredSpace)) {
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

    /** Takes a backup while statements are executed, restores it with all WAL there is, and compares the rows. */
    void backUpUnderLoad(String type, List<ChainSteps.Step.Sql> writes) {
        FutureTask<@Nullable Void> writing = new FutureTask<>(() -> {
            for (ChainSteps.Step.Sql write : writes) {
                server.sql(write.statements().toArray(String[]::new));
            }
            return null;
        });
        Thread.ofPlatform().name("test-writer").start(writing);
        String label = backUp(type);
        try {
            writing.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("writing during " + label, e);
        }
        String last = server.switchWal();
        ClusterDigest expected = ClusterDigest.of(server);
        server.await("select coalesce(last_archived_wal, '') >= '" + last + "' from pg_stat_archiver");
        Path restored = directory.resolve("copy" + copies++);
        Path restoredSpace = Path.of(restored + "-space");
        restore(label, restored, restoredSpace);
        AsPostgres.own(restoredSpace);
        try (PostgresServer copy = copyOf(restored)) {
            recover(copy);
            assertThat(ClusterDigest.of(copy).differencesTo(expected))
                    .as("rows of " + label + " and the WAL after it / of the server")
                    .isEmpty();
            assertThat(ClusterDigest.amcheck(copy)).as("amcheck of " + label).isEmpty();
        }
        AsPostgres.deleteTree(restored);
        AsPostgres.deleteTree(restoredSpace);
    }

    private String backUp(String type) {
        Pgbk.Ended ended = pgbk("backup", "--type", type, "--output", "json");
        JsonNode report = Site.parse(ended.out());
        String label = report.get("label").asString();
        JsonNode parent = report.path("parent");
        if (parent.isString()) {
            assertThat(line)
                    .as("backups on the history of this server's timeline, of which the parent of " + label + " is one")
                    .contains(parent.asString());
        }
        if (!type.equals("full") && !line.isEmpty()) {
            assertThat(label)
                    .as("a backup of the asked type, as there is a parent")
                    .endsWith("-" + type);
        }
        labels.add(label);
        line.add(label);
        lines.put(label, List.copyOf(line));
        return label;
    }

    private PostgresServer copyIn(Path restored, Path restoredSpace) {
        AsPostgres.own(restoredSpace);
        return copyOf(restored).start();
    }

    private PostgresServer copyOf(Path restored) {
        return options.withCommandLineSetting("archive_mode", "off").on(restored);
    }

    /**
     * Starts a copy and waits until it has replayed all WAL there is; starts it a second time where docs/operations.md
     * says so: an index of an unlogged table that was finished only after the backup stops the first recovery at its
     * end.
     */
    private static void recover(PostgresServer copy) {
        try {
            copy.start().awaitPromoted();
        } catch (IllegalStateException e) {
            Matcher stopped = UNLOGGED_EXISTS.matcher(String.valueOf(e.getMessage()));
            if (!stopped.find() || !Files.exists(copy.dataDirectory().resolve(stopped.group(1) + "_init"))) {
                throw e;
            }
            copy.start().awaitPromoted();
        }
    }

    private void restore(String label, Path target, Path targetSpace, String... more) {
        AsPostgres.createDirectory(target);
        List<String> words = new ArrayList<>(List.of("restore", "--backup", label, "--archiving", "off"));
        words.addAll(List.of("--data-directory", target.toString(), "--tablespace", space + "=" + targetSpace));
        words.addAll(List.of(more));
        pgbk(words.toArray(String[]::new));
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
        restore(label, data, newSpace, "--target-immediate");
        server.close();
        space = newSpace;
        server = options.on(data);
        AsPostgres.own(space);
        configure();
        server.start();
        server.awaitRecoveryPaused();
        server.sql("select pg_wal_replay_resume()");
        server.awaitPromoted();
        requirePossibleHistory(data);
        // The target that the restore wrote shall not stop a later recovery.
        server.sql("alter system reset all");
    }

    /** No timeline ended before it began: PostgreSQL 17's WAL summariser waits for ever for what lies in between. */
    private static void requirePossibleHistory(Path data) {
        try (Stream<Path> files = Files.list(data.resolve("pg_wal"))) {
            Path newest = files.filter(file -> file.toString().endsWith(".history"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
            List<Lsn> switches = Files.readAllLines(newest).stream()
                    .filter(line -> !line.isBlank())
                    .map(line -> Lsn.parse(line.split("\t", 3)[1]))
                    .toList();
            assertThat(switches).as(newest.toString()).isSorted();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        server.close();
        hooks.close();
        AsPostgres.deleteTree(directory);
    }
}
