package io.pgbk.cli.rehearsal;

import io.pgbk.archiver.ControlFile;
import io.pgbk.catalog.repository.InitResult;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.cli.command.Commands;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.config.ConfigurationLoader;
import io.pgbk.cli.hook.HookCache;
import io.pgbk.cli.hook.HookCall;
import io.pgbk.cli.hook.HookResult;
import io.pgbk.cli.hook.Hooks;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.process.ProcessEnd;
import io.pgbk.cli.wiring.Repositories;
import io.pgbk.error.ErrorCode;
import io.pgbk.postgres.PgControl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.TrustManagerFactory;

/**
 * Runs archive-push and archive-get against one repository in a directory and, over http and https, against the same one
 * in a bucket, then the other commands against the one in the directory, as far as they go without a server, and writes
 * into the file {@code name} how the result is to be called. Fails when something does not do what it should: what is
 * learned from a failed run would be worthless.
 */
public final class Rehearsal {
    /** The command by which the launcher starts it; not for people. */
    public static final String COMMAND = "rehearse";

    private static final int SEGMENTS = 3;
    /** What {@code check} ends with when something is wrong. */
    private static final int FINDINGS = 1;

    private final Path work;
    private final ProcessContext process;
    private final SampleCluster cluster;

    private Rehearsal(Path work, ProcessContext process, SampleCluster cluster) {
        this.work = work;
        this.process = process;
        this.cluster = cluster;
    }

    /**
     * Runs it and returns the exit code of the process.
     *
     * @param directory empty, for everything that is made
     */
    public static int run(Path directory, ProcessContext process) {
        try {
            Path work = directory.toAbsolutePath().normalize();
            SampleCluster cluster = SampleCluster.write(work.resolve("data"), SEGMENTS);
            new Rehearsal(work, inDirectory(process, cluster.directory()), cluster).run();
            Files.writeString(work.resolve("name"), HookCache.ofThisProcess().fileName() + "\n");
            return 0;
        } catch (IOException | GeneralSecurityException e) {
            process.err().println("error: the rehearsal failed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return ErrorCode.INTERNAL.exit();
    }

    private void run() throws IOException, GeneralSecurityException, InterruptedException {
        ProcessEnd.prepare().await();
        Files.createDirectory(work.resolve("repository"));
        byte[] key = new byte[32];
        process.random().nextBytes(key);
        secret("key", key);
        byte[] word = "rehearsal\n".getBytes(StandardCharsets.US_ASCII);
        secret("access-key", word);
        secret("secret-key", word);
        Configuration directory =
                configuration("directory.yaml", "url: file://" + work.resolve("repository") + "\n    wal: required");
        initialise(directory);
        try (SampleStore store = SampleStore.start(work.resolve("repository"), null)) {
            bucket("http.yaml", store, "allow-http: true");
            pushAndGet("http.yaml", 0);
        }
        SampleAuthority authority = SampleAuthority.make(work);
        try (SampleStore store = SampleStore.start(work.resolve("repository"), authority.context())) {
            bucket("https.yaml", store, "ca-file: " + authority.pemFile());
            pushAndGet("https.yaml", 1);
        }
        // The authorities of the system, which no certificate of this rehearsal can have.
        TrustManagerFactory system = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        system.init((KeyStore) null);
        pushAndGet("directory.yaml", 2);
        Repositories repositories = new Repositories(directory, process);
        ClusterCatalog catalog =
                repositories.openCluster(directory.repositories().getFirst());
        try (Repository _ = catalog.repository()) {
            SampleBackup.take(cluster, catalog);
        }
        command(0, "config", "check");
        command(0, "info");
        command(0, "verify");
        command(0, "restore", "--data-directory", work.resolve("restored").toString());
        // There is no server: only the way to it is rehearsed, and what lies behind is loaded.
        command(ErrorCode.POSTGRES_UNSUITABLE.exit(), "backup");
        command(FINDINGS, "check");
        ProgramClasses.load();
    }

    private void command(int expected, String... words) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("--config", work.resolve("directory.yaml").toString()));
        arguments.addAll(List.of(words));
        int exit = Commands.run(arguments, process);
        if (exit != expected) {
            throw new IOException(String.join(" ", words) + " ended with " + exit + " instead of " + expected);
        }
    }

    private void initialise(Configuration configuration) {
        PgControl control = ControlFile.read(cluster.directory()).control();
        ServerIdentity identity = new ServerIdentity(
                control.systemIdentifier(),
                control.major().number(),
                control.catalogVersion(),
                control.walSegmentSize(),
                control.blockBytes());
        Repositories repositories = new Repositories(configuration, process);
        InitResult made = repositories.initialise(configuration.repositories().getFirst());
        try (Repository repository = made.repository()) {
            repositories.cluster(repository).join(identity);
        }
    }

    private void pushAndGet(String configuration, int segment) throws IOException {
        String file = work.resolve(configuration).toString();
        String name = SampleCluster.name(segment).toString();
        Path fetched = work.resolve("fetched-" + configuration);
        List<String> push = List.of("--config", file, "archive-push", "pg_wal/" + name);
        require(new HookResult.Done(), Hooks.run(HookCall.Kind.PUSH, push, process));
        require(new HookResult.Done(), Hooks.run(HookCall.Kind.PUSH, push, process));
        require(new HookResult.Done(), get(file, name, fetched));
        if (Files.mismatch(fetched, cluster.segment(segment)) >= 0) {
            throw new IOException("archive-get delivered something else than was pushed");
        }
        String next = SampleCluster.name(SEGMENTS).toString();
        require(new HookResult.Absent(), get(file, next, work.resolve("absent")));
    }

    private HookResult get(String file, String name, Path destination) {
        return Hooks.run(
                HookCall.Kind.GET, List.of("--config", file, "archive-get", name, destination.toString()), process);
    }

    private static void require(HookResult expected, HookResult actual) throws IOException {
        if (!actual.equals(expected)) {
            throw new IOException("expected " + expected + ", got " + actual);
        }
    }

    private void bucket(String name, SampleStore store, String access) throws IOException {
        configuration(name, """
                url: s3://%s
                    endpoint: %s
                    region: rehearsal
                    path-style: true
                    %s
                    credentials: {access-key-file: %s, secret-key-file: %s}""".formatted(
                SampleStore.BUCKET, store.endpoint(), access, work.resolve("access-key"), work.resolve("secret-key")));
    }

    private Configuration configuration(String name, String repository) throws IOException {
        Path file = work.resolve(name);
        Files.writeString(file, """
                cluster: rehearsal
                postgres:
                  data-directory: %s
                  host: %s
                repositories:
                  - name: sample
                    %s
                    encryption:
                      key-file: %s
                time-zone: UTC
                """.formatted(cluster.directory(), work, repository, work.resolve("key")));
        return process.configurations().load(Optional.of(file), Optional.empty());
    }

    private void secret(String name, byte[] content) throws IOException {
        Path file = work.resolve(name);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, content);
    }

    /**
     * The process in another directory, and with the configuration of files alone: what the environment says about
     * clusters and repositories is meant for real ones, and may not lead the rehearsal to them.
     */
    static ProcessContext inDirectory(ProcessContext process, Path directory) {
        return new ProcessContext(
                ConfigurationLoader.ofProcess(Map.of()),
                process.out(),
                process.err(),
                process.terminal(),
                process.launcher(),
                directory,
                process.temporaryDirectory(),
                process.clock(),
                process.nanoTime(),
                process.random(),
                process.stop());
    }
}
