package io.pgbk.restore.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.PackId;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verifications that read a part of the data each. */
class VerifySampleTest {
    @TempDir
    Path directory;

    private Path repository = Path.of("");
    private ClusterCatalog cluster;

    @BeforeEach
    void make() throws IOException {
        repository = directory.resolve("repository");
        SampleRepository.make(repository, true);
        cluster = SampleRepository.open(repository, true);
    }

    @AfterEach
    void close() {
        cluster.repository().close();
    }

    private VerifyReport verify(double percent) {
        return new VerifyRunner(cluster, new Random(7))
                .run(new VerifyRequest(Optional.empty(), percent, 2), TaskMonitor.SILENT);
    }

    private List<BackupRecord> backups() {
        return cluster.backups().list();
    }

    private Path file(PackId pack) {
        return repository.resolve(RepositoryLayout.pack(cluster.name(), pack.label(), pack.number()));
    }

    private static void flip(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 1;
        file.toFile().setWritable(true);
        Files.write(file, content);
    }

    private static PackId firstPack(BackupRecord backup) {
        PackUse use = backup.summary().packs().getFirst();
        return new PackId(use.label(), use.number());
    }

    @Test
    void damageAnywhereIsFoundBeforeSuccessiveSamplesHaveReadEverything() throws IOException {
        PackId pack = firstPack(backups().getFirst());
        flip(file(pack));
        boolean found = false;
        for (int run = 1; run <= 5; run++) {
            VerifyReport report = verify(20);
            found |= report.verdict() == BackupEvent.Verdict.DAMAGED;
            assertThat(Math.round(report.coverage().percent())).isEqualTo(20L * run);
            assertThat(report.coverage().wholeSince().isPresent()).isEqualTo(run == 5);
        }
        assertThat(found).isTrue();
        assertThat(BackupCatalog.damagedPacks(backups())).containsExactly(pack);
    }

    @Test
    void aPackThatWasFoundDamagedStaysSoUntilItIsReadSoundWhateverOtherSamplesRead() throws IOException {
        PackId pack = firstPack(backups().getFirst());
        byte[] sound = Files.readAllBytes(file(pack));
        flip(file(pack));
        assertThat(verify(100).verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        assertThat(verify(0.00001).verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        for (BackupRecord backup : backups()) {
            boolean uses = backup.summary().packs().stream()
                    .anyMatch(use -> pack.equals(new PackId(use.label(), use.number())));
            assertThat(backup.good()).isEqualTo(!uses);
            assertThat(backup.damagedPacks().contains(pack)).isEqualTo(uses);
        }

        Files.write(file(pack), sound);
        assertThat(verify(0.00001).verdict()).isEqualTo(BackupEvent.Verdict.SOUND);
        assertThat(BackupCatalog.damagedPacks(backups())).isEmpty();
        assertThat(backups()).allMatch(BackupRecord::good);
    }

    @Test
    void aMissingPackIsNamedToo() throws IOException {
        PackId pack = firstPack(backups().getLast());
        Files.delete(file(pack));
        verify(0.00001);
        assertThat(BackupCatalog.damagedPacks(backups())).containsExactly(pack);
    }
}
