package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.archiver.FastTime;
import io.pgbk.archiver.InProcessArchiver;
import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushTarget;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A real server that archives into a repository, and chains of backups of it. */
final class ChainSite implements AutoCloseable {
    private static final BackupOrigin ORIGIN = new BackupOrigin("test-host", "0.0.0");

    private final InProcessArchiver archiver = new InProcessArchiver();
    private final Path repositoryDirectory;
    private final PostgresServer server;
    private final TestRepository repository;

    ChainSite(PostgresServerOptions options, Path directory) {
        server = archiver.configure(options).start();
        repositoryDirectory = directory.resolve("repository");
        repository = TestRepository.of(repositoryDirectory, server.dataDirectory());
        archiver.serve(server.dataDirectory(), new PushTarget("test", true, repository::cluster));
    }

    PostgresServer server() {
        return server;
    }

    TestRepository repository() {
        return repository;
    }

    ClusterCatalog cluster() {
        return repository.cluster();
    }

    Path repositoryDirectory() {
        return repositoryDirectory;
    }

    static PostgresConfig config(PostgresServer of) {
        return PostgresConfig.of(of.socketDirectory().toString(), of.port(), of.user(), of.dataDirectory());
    }

    BackupRunner runner(PostgresServer of, int sampleOneIn) {
        return runner(of, sampleOneIn, FastTime.world(Duration.ofSeconds(30)));
    }

    /** @param archiveDeadline by the fast clock */
    BackupRunner runner(PostgresServer of, int sampleOneIn, Duration archiveDeadline) {
        BackupSettings settings = new BackupSettings(2, 0, true, archiveDeadline, Duration.ZERO);
        return new BackupRunner(config(of), repository.cluster(), settings, ORIGIN, sampleOneIn, PackTails.NONE);
    }

    BackupResult backup(BackupType type) {
        return backup(server, type, SummaryGuide.SAMPLE_ONE_IN);
    }

    /** @param sampleOneIn how many of the windows that no WAL summary lists are read: one of so many */
    BackupResult backup(PostgresServer of, BackupType type, int sampleOneIn) {
        return backup(runner(of, sampleOneIn), type);
    }

    BackupResult backup(BackupRunner runner, BackupType type) {
        BackupOutcome outcome = runner.run(new BackupRequest(type, false, false, Map.of()), TaskMonitor.SILENT);
        assertThat(repository.cluster().holds().list()).isEmpty();
        return ((BackupOutcome.Taken) outcome).result();
    }

    BackupRecord record(BackupResult result) {
        return repository.cluster().backups().require(Label.require(result.label()));
    }

    private String pathOf(String relation) {
        return server.queryOne("select pg_relation_filepath('" + relation + "')");
    }

    /**
     * Reads back every file of a backup, each window checked against the digest of what was read live, and compares the
     * named relations with what the data directory has; proves what the summary says about packs.
     */
    void assertHolds(BackupResult result, String... relations) throws IOException {
        BackupRecord backup = record(result);
        BackupCatalog catalog = repository.cluster().backups();
        Set<String> wanted = new HashSet<>();
        for (String relation : relations) {
            wanted.add(pathOf(relation));
        }
        try (ManifestReader manifest = ManifestReader.open(
                repository.repository().store(),
                repository.repository().keys(),
                catalog.manifestKey(backup),
                backup.summary().manifest().storedBytes())) {
            Iterator<FileEntry> files = manifest.files();
            while (files.hasNext()) {
                FileEntry entry = files.next();
                if (entry.kind() == FileKind.FILE) {
                    byte[] content = StoredContent.read(
                            entry,
                            manifest.packs(),
                            repository.repository().store(),
                            repository.repository().keys());
                    String path = entry.path().text();
                    if (wanted.remove(path)) {
                        assertThat(content)
                                .as(path)
                                .isEqualTo(Files.readAllBytes(
                                        server.dataDirectory().resolve(path)));
                    }
                }
            }
            assertThat(wanted).isEmpty();
            List<PackUse> uses = backup.summary().packs();
            assertThat(uses).hasSameSizeAs(manifest.packs());
            assertThat(uses).allSatisfy(use -> assertThat(use.usedBytes()).isBetween(1L, use.storedBytes()));
            assertThat(uses.stream()
                            .filter(use -> use.label().equals(backup.label()))
                            .mapToLong(PackUse::storedBytes)
                            .sum())
                    .isEqualTo(result.storedBytes());
            assertThat(manifest.facts().parents().stream().findFirst()).isEqualTo(Optional.ofNullable(result.parent()));
        }
        assertThat(backup.summary().facts().parent().map(Label::value)).isEqualTo(Optional.ofNullable(result.parent()));
    }

    @Override
    public void close() {
        archiver.close();
        server.close();
        repository.close();
    }
}
