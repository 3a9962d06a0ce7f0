package io.pgbk.catalog.repository.synthesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Full backups written from small chains in a repository in a directory. */
class SyntheticFullTest {
    private static final int WINDOW = 256 << 10;

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private TestPlace place;

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog cluster;

    @SuppressWarnings("NullAway.Init")
    private SmallChain chain;

    @BeforeEach
    void begin() {
        place = new TestPlace(directory, time);
        cluster = place.cluster();
        chain = new SmallChain(cluster);
    }

    private SyntheticOutcome synthesise(TaskMonitor monitor) {
        return new SyntheticFull(cluster, new SyntheticFull.Settings(2, Duration.ZERO, "host", "1"))
                .run(Map.of("why", "test"), monitor);
    }

    private BackupRecord written() {
        return ((SyntheticOutcome.Written) synthesise(TaskMonitor.SILENT)).backup();
    }

    /** Twenty windows, the third of zeros, and a tail that is no page. */
    private static byte[] content() {
        byte[] content = new byte[20 * WINDOW + 100];
        new Random(4711).nextBytes(content);
        Arrays.fill(content, 2 * WINDOW, 3 * WINDOW, (byte) 0);
        return content;
    }

    private List<Label> three() {
        byte[] content = content();
        Label full = chain.take(BackupType.FULL, Optional.empty(), content);
        for (int page = 5; page < content.length / SmallChain.PAGE; page += 7) {
            if (page * SmallChain.PAGE / WINDOW != 2) {
                content[page * SmallChain.PAGE] ^= 1;
            }
        }
        Label differential = chain.take(BackupType.DIFFERENTIAL, Optional.of(full), content);
        content[17] ^= 1;
        Arrays.fill(content, 4 * WINDOW, 5 * WINDOW, (byte) 0);
        return List.of(full, differential, chain.take(BackupType.INCREMENTAL, Optional.of(differential), content));
    }

    private void assertRefused(ErrorCode code, TaskMonitor monitor) {
        List<BackupRecord> before = cluster.backups().list();
        assertThatThrownBy(() -> synthesise(monitor))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(cluster.backups().list()).isEqualTo(before);
        assertThat(cluster.backups().running()).isEmpty();
        assertThat(cluster.holds().list()).isEmpty();
        // What was stored is gone.
        Set<Label> labels = new HashSet<>();
        cluster.repository().store().list("clusters/main/packs/", "").forEachRemaining(object -> {
            if (RepositoryLayout.parse(object.key()) instanceof RepositoryObject.Pack pack) {
                labels.add(pack.label());
            }
        });
        assertThat(labels).isSubsetOf(before.stream().map(BackupRecord::label).toList());
    }

    private List<ObjectInfo> packs(Label label) {
        List<ObjectInfo> packs = new ArrayList<>();
        cluster.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, label), "")
                .forEachRemaining(packs::add);
        return packs;
    }

    @Test
    void itHasTheStateOfTheNewestAndOutlivesTheChain() {
        List<Label> labels = three();
        BackupRecord source = cluster.backups().require(labels.getLast());
        byte[] expected = chain.assemble(labels.getLast());

        BackupRecord full = written();

        BackupFacts facts = full.summary().facts();
        assertThat(facts.synthesisedFrom()).hasValue(labels.getLast());
        assertThat(cluster.backups().require(full.label()).summary().facts().synthesisedFrom())
                .hasValue(labels.getLast());
        assertThat(full.label().type()).isEqualTo(BackupType.FULL);
        assertThat(full.owners()).isEmpty();
        assertThat(facts.parent()).isEmpty();
        assertThat(facts.stopLsn()).isEqualTo(source.summary().stopLsn());
        assertThat(facts.startTime()).isEqualTo(source.summary().facts().startTime());
        assertThat(facts.annotations()).containsOnly(Map.entry("why", "test"));
        assertThat(facts.pageErrors()).isEqualTo(1);
        assertThat(cluster.backups().list().getLast().label()).isEqualTo(full.label());
        assertThat(cluster.holds().list()).isEmpty();

        for (Label label : labels.reversed()) {
            cluster.backups().delete(label, Duration.ZERO, true);
        }

        assertThat(cluster.backups().list()).hasSize(1);
        assertThat(chain.assemble(full.label())).isEqualTo(expected);
        try (ManifestReader manifest = chain.open(full)) {
            assertThat(manifest.pageFailures().next()).isEqualTo(new PageFailure(SmallChain.FILE, 3));
            assertThat(manifest.facts().settings()).containsEntry("work_mem", "4MB");
            assertThat(manifest.facts().parents()).isEmpty();
            FileEntry file = manifest.find(SmallChain.FILE).orElseThrow();
            assertThat(file.extents().stream().filter(Extent.Zeros.class::isInstance))
                    .containsExactly(new Extent.Zeros(WINDOW), new Extent.Zeros(WINDOW));
            // A restore reads it from front to back: a frame for four windows, in order.
            assertThat(file.extents()).hasSizeLessThan(12);
        }
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void aNewestFullThatNeedsNoOtherIsLeftAlone() {
        three();
        BackupRecord full = written();
        assertThat(synthesise(TaskMonitor.SILENT)).isEqualTo(new SyntheticOutcome.NothingToDo(full.label()));
    }

    @Test
    void aRelationsPagesKeepTheirDigestsSoThatIncrementalsCanBuildOnIt() {
        three();
        BackupRecord full = written();
        byte[] content = chain.assemble(full.label());
        content[3 * WINDOW] ^= 1;
        Label next = chain.take(BackupType.INCREMENTAL, Optional.of(full.label()), content);
        assertThat(chain.assemble(next)).isEqualTo(content);
        BackupRecord again = written();
        assertThat(again.summary().facts().synthesisedFrom()).hasValue(next);
        assertThat(chain.assemble(again.label())).isEqualTo(content);
        RepositoryChecker.assertSound(cluster.repository());
    }

    @Test
    void whileItIsWrittenNobodyMayRemoveWhatItReads() {
        List<Label> labels = three();
        Set<Label> held = new HashSet<>();
        List<ErrorCode> refusals = new ArrayList<>();
        synthesise(new TaskMonitor() {
            @Override
            public void phase(String name, long totalBytes) {
                if (name.equals("copy")) {
                    cluster.holds().list().stream()
                            .map(Holds.HoldInfo::request)
                            .forEach(request -> held.addAll(request.labels()));
                    try {
                        cluster.backups().delete(labels.getLast(), Duration.ZERO, true);
                    } catch (PgbkException e) {
                        refusals.add(e.code());
                    }
                }
            }
        });
        assertThat(held).containsExactlyInAnyOrderElementsOf(labels);
        assertThat(refusals).containsExactly(ErrorCode.HELD_BY_ANOTHER);
    }

    @Test
    void aSourceWithADamagedOrMissingPackIsRefusedAndNothingIsListed() throws IOException {
        List<Label> labels = three();
        ObjectInfo pack = packs(labels.getFirst()).getFirst();
        Path file = place.directory().resolve(pack.key());
        byte[] bytes = Files.readAllBytes(file);
        byte[] damaged = bytes.clone();
        damaged[bytes.length / 2] ^= 1;
        Files.write(file, damaged);
        assertRefused(ErrorCode.OBJECT_DAMAGED, TaskMonitor.SILENT);

        Files.delete(file);
        assertRefused(ErrorCode.OBJECT_MISSING, TaskMonitor.SILENT);

        Files.write(file, bytes);
        assertThat(chain.assemble(written().label())).isEqualTo(chain.assemble(labels.getLast()));
    }

    @Test
    void contentThatIsNotWhatWasReadFromTheClusterIsRefused() {
        byte[] content = content();
        Label full = chain.take(BackupType.FULL, Optional.empty(), content);
        byte[] other = content.clone();
        other[WINDOW + 5] ^= 1;
        chain.take(BackupType.INCREMENTAL, Optional.of(full), content, other);
        assertRefused(ErrorCode.OBJECT_DAMAGED, TaskMonitor.SILENT);
    }

    @Test
    void oneThatIsStoppedLeavesNothing() {
        three();
        assertRefused(ErrorCode.INTERRUPTED, new TaskMonitor() {
            @Override
            public void checkCancelled() {
                throw new PgbkException(ErrorCode.INTERRUPTED, "stopped by the test", null);
            }
        });
    }
}
