package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * What all victims share: one small PostgreSQL that archives into a directory and into an S3 server, two backups in
 * each, and, for pushes by hand, segments that nobody archives.
 */
final class KillSite implements AutoCloseable {
    static final String CLUSTER = "main";
    /** The cluster's name for the segments that are pushed by hand. */
    static final String PUSHES = "pushes";

    static final int MAJOR = 15;

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final List<String> BACKUP_PHASES =
            List.of("plan", "checkpoint", "archive", "copy", "stop", "manifest", "wal", "commit");

    private final Site site;
    private final PostgresServer server;
    private final byte[] key;
    private final List<RepositoryView> repositories;
    private final List<String> segments = new ArrayList<>();
    private CompletableFuture<CommandOutcome> afterAKill = CompletableFuture.failedFuture(new IllegalStateException());
    private final double backupSeconds;

    KillSite(int pushes) {
        site = Site.create(
                true,
                List.of(
                        new Site.Repository("local", StoreKind.DIRECTORY, Site.randomPrefix(), ""),
                        new Site.Repository("remote", StoreKind.S3PROXY, Site.randomPrefix(), "")));
        key = read(site.directory().resolve("key"));
        server = PostgresServer.builder(MAJOR)
                .withSetting("wal_keep_size", "2GB")
                .withArchiveCommand("/bin/true")
                .start();
        server.sql(
                "create table ballast as select i, md5(i::text) || repeat(md5((i + 1)::text), 4) as body"
                        + " from generate_series(1, 60000) i",
                "create table pgbk_switch(t timestamptz)",
                "vacuum ballast",
                "checkpoint");
        for (int i = 0; i < pushes; i++) {
            segments.add(server.switchWal());
        }
        site.configure(server);
        site.run("init");
        site.run("--cluster", PUSHES, "init");
        server.configure(Map.of("archive_command", site.archiveCommand()));
        server.reload();
        repositories = List.of(
                new RepositoryView(site.repositories().get(0), site.repositoryDirectory(0), key),
                new RepositoryView(site.repositories().get(1), site.repositoryDirectory(1), key));
        for (RepositoryView repository : repositories) {
            site.run("--repository", repository.name(), "backup");
        }
        // The second ones: nothing is to be learned or made any more.
        Victim.End end =
                Victim.start(backup(repositories.get(0)), BACKUP_PHASES).await();
        assertThat(end.exit()).as(end.toString()).isZero();
        backupSeconds = end.seconds();
        site.run("--repository", "remote", "backup");
    }

    /** With the clock of the real world: the next run has to wait until the lease of the killed one has run out. */
    void killOneAndTakeTheNext() {
        Victim.End end = startBackup(repositories.get(1)).killIn("copy", Duration.ZERO, Victim.Aim.GROUP);
        assertThat(end.killed()).as(end.toString()).isTrue();
        afterAKill = CompletableFuture.supplyAsync(() -> site.pgbk("--repository", "remote", "backup"));
    }

    /** A backup that succeeded after one that was killed, without anybody's help. */
    CommandOutcome backupAfterAKill() {
        return afterAKill.join();
    }

    Victim startBackup(RepositoryView repository) {
        return Victim.start(backup(repository), BACKUP_PHASES);
    }

    private List<String> backup(RepositoryView repository) {
        return site.command("--repository", repository.name(), "backup");
    }

    double backupSeconds() {
        return backupSeconds;
    }

    Site site() {
        return site;
    }

    PostgresServer server() {
        return server;
    }

    byte[] key() {
        return key.clone();
    }

    /** The directory and the S3 server, taken in turns. */
    RepositoryView repository(int number) {
        return repositories.get(number % repositories.size());
    }

    List<RepositoryView> repositories() {
        return repositories;
    }

    /** Segments that the server finished and nobody archived, in order. */
    List<String> segments() {
        return segments;
    }

    Path segment(String name) {
        return server.dataDirectory().resolve("pg_wal").resolve(name);
    }

    /** What a restored server must hold, whichever backup it came from. */
    static String ballast(PostgresServer of) {
        return of.queryOne("select count(*) || ' ' || md5(string_agg(body, '' order by i)) from ballast");
    }

    /** Fails when the program lists anything else than what is whole in the repository. */
    void assertInfoLists(List<String> labels, String repository, String... options) {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("--repository", repository, "info", "--output", "json"));
        List<String> command = options.length > 0 && options[0].equals("--config")
                ? new ArrayList<>(List.of(Distribution.launcher().toString()))
                : new ArrayList<>(site.command());
        command.addAll(arguments);
        CommandOutcome outcome = AsPostgres.run(command, AsPostgres.PGBK_ENVIRONMENT, null, PATIENCE)
                .orThrow();
        List<String> found = new ArrayList<>();
        for (JsonNode one : Site.parse(outcome.stdout()).get("repositories")) {
            for (JsonNode incarnation : one.get("incarnations")) {
                incarnation
                        .get("backups")
                        .forEach(backup -> found.add(backup.get("label").asString()));
                assertThat(StreamSupport.stream(incarnation.get("timelines").spliterator(), false))
                        .allSatisfy(timeline ->
                                assertThat(timeline.get("gaps").isEmpty()).isTrue());
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(labels);
    }

    /** The backup mode of PostgreSQL 15 ends with its session; waits until no session of a victim is left. */
    void awaitNoBackupMode() {
        Deadline.within(PATIENCE)
                .await(
                        "the server leaves backup mode: no session but this one",
                        () -> server.queryOne("select count(*) from pg_stat_activity"
                                        + " where backend_type = 'client backend' and pid <> pg_backend_pid()")
                                .equals("0"));
        assertThat(server.queryOne("select count(*) from pg_stat_progress_basebackup"))
                .isEqualTo("0");
        assertThat(server.dataDirectory().resolve("backup_label")).doesNotExist();
    }

    /** {@code pgbk verify} of a whole repository must find nothing. */
    void verify(RepositoryView repository, String... options) {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("--repository", repository.name(), "verify"));
        assertThat(site.json(arguments.toArray(String[]::new)).get("verdict").asString())
                .as("verdict on " + repository.name())
                .isEqualTo("sound");
    }

    static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        afterAKill.exceptionally(e -> null).join();
        repositories.forEach(RepositoryView::close);
        server.close();
        site.close();
    }
}
