package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.StoredPolicies;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.catalog.repository.wal.RollUpPlace;
import io.pgbk.catalog.repository.wal.RollUpWriter;
import io.pgbk.catalog.repository.wal.SegmentSpans;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two repositories of format 1 that have lived for a while, kept under src/test/resources/format-1-history as they were
 * written and never made again: a chain of which a full was emptied by a compaction and is being removed, replaced
 * manifests beside the valid ones, a pin, a policy, WAL that was removed on purpose, a roll-up of WAL indexes. Every
 * later version must read all of it.
 */
class FrozenHistoryTest {
    private static final int PAGES = 32;
    private static final int LOG = TestPlace.SIZE.segmentsPerLog();
    private static final long FIRST_AFTER_HOLE = 2L * LOG - 3;

    @TempDir
    Path directory;

    /** What the backups hold, in their order. */
    private static List<byte[]> contents() {
        byte[] content = new byte[PAGES * SmallChain.PAGE];
        Random random = new Random(4711);
        for (int page = 0; page < PAGES; page++) {
            for (int i = 0; i < 100; i++) {
                content[page * SmallChain.PAGE + i] = (byte) random.nextInt();
            }
        }
        List<byte[]> contents = new ArrayList<>(List.of(content.clone()));
        for (int page = 8; page < PAGES; page++) {
            content[page * SmallChain.PAGE] ^= 1;
        }
        contents.add(content.clone());
        content[30 * SmallChain.PAGE] ^= 2;
        contents.add(content.clone());
        contents.add(content.clone());
        return contents;
    }

    private static EncryptionSettings encryption(boolean encrypted) {
        return encrypted ? TestPlace.encrypted(1) : new EncryptionSettings.Plain();
    }

    private static String name(boolean encrypted) {
        return encrypted ? "encrypted.zip" : "plain.zip";
    }

    private static Repository unpack(boolean encrypted, TestPlace place) throws IOException {
        InputStream resource = FrozenHistoryTest.class.getResourceAsStream("/format-1-history/" + name(encrypted));
        try (ZipInputStream zip = new ZipInputStream(Objects.requireNonNull(resource))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path file = place.directory().resolve(entry.getName());
                Files.createDirectories(file.getParent());
                Files.write(file, zip.readAllBytes());
            }
        }
        return Repository.open(place.store(), encryption(encrypted), place.runtime("reader"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRepositoryThatWasThinnedOutAndCompactedInFormatOneIsReadForEver(boolean encrypted) throws IOException {
        try (Repository repository = unpack(encrypted, new TestPlace(directory, new ManualTime()))) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            RepositoryChecker.assertSound(repository);

            List<BackupRecord> backups = cluster.backups().list();
            assertThat(backups).extracting(BackupRecord::expiring).containsExactly(true, false, false, false);
            assertThat(backups.get(2).pinned()).isTrue();
            assertThat(backups.get(2).owners()).containsExactly(backups.get(1).label());
            assertThat(backups.get(2).ownersEver())
                    .contains(backups.get(0).label(), backups.get(1).label());
            assertThat(backups.get(2).manifest().generation()).isGreaterThan(1);
            SmallChain chain = new SmallChain(cluster);
            for (int i = 0; i < backups.size(); i++) {
                assertThat(chain.assemble(backups.get(i))).isEqualTo(contents().get(i));
            }
            // As who began before the compaction reads it.
            BackupRecord before = backups.get(2);
            assertThat(chain.assemble(new BackupRecord(
                            before.summary(), before.summaryBytes(), before.summarySha256(), List.of())))
                    .isEqualTo(contents().get(2));
            assertThat(new StoredPolicies(repository).newest().orElseThrow().policy())
                    .isEqualTo(policy());

            WalArchive wal = cluster.wal(cluster.newestIncarnation());
            WalTimeline timeline = wal.timelines().getFirst();
            assertThat(timeline.gaps()).isEmpty();
            assertThat(timeline.removed()).singleElement().satisfies(hole -> {
                assertThat(hole.from().number(TestPlace.SIZE)).isEqualTo(2);
                assertThat(hole.to().number(TestPlace.SIZE)).isEqualTo(FIRST_AFTER_HOLE - 1);
            });
            RollUpPlace place = wal.rollUps().list(1).getFirst();
            assertThat(wal.rollUps().read(place).entry(WalSegmentName.ofNumber(1, FIRST_AFTER_HOLE, TestPlace.SIZE)))
                    .hasValueSatisfying(
                            entry -> assertThat(entry.outline().length()).isPositive());
        }
    }

    private static RetentionPolicy policy() {
        return new RetentionPolicy(OptionalInt.of(1), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, Duration.ofDays(36));
    }

    private static void make(TestPlace place, boolean encrypted) {
        try (Repository repository = place.initialise(encryption(encrypted))) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            cluster.join(TestPlace.SERVER);
            SmallChain chain = new SmallChain(cluster).withoutPageErrors();
            List<byte[]> contents = contents();
            Label full = chain.take(BackupType.FULL, Optional.empty(), contents.get(0));
            Label first = chain.take(BackupType.INCREMENTAL, Optional.of(full), contents.get(1));
            Label second = chain.take(BackupType.INCREMENTAL, Optional.of(first), contents.get(2));
            chain.take(BackupType.FULL, Optional.empty(), contents.get(3));
            cluster.backups().pin(second, "audit");
            new StoredPolicies(repository).write(policy());
            WalArchive wal = cluster.wal(cluster.newestIncarnation());
            for (long number = FIRST_AFTER_HOLE; number <= 2L * LOG; number++) {
                wal.put(TestPlace.wal(1, (int) number, true));
            }
            ExpireReport report = new Expiry(cluster, policy(), 40, TaskMonitor.SILENT).run();
            assertThat(report.compaction().moves()).hasSize(1);
            TrimmedWal read = wal.trimming().read();
            assertThat(wal.trimming().write(read, Map.of(1, SegmentSpans.between(2, FIRST_AFTER_HOLE - 1)), Map.of()))
                    .isPresent();
            assertThat(new RollUpWriter(wal, TaskMonitor.SILENT).run(Set.of())).isEqualTo(1);
        }
    }

    /** Made them once; refuses to replace them. Arguments: the folder format-1-history, an empty folder. */
    static void main(String[] arguments) throws IOException {
        for (boolean encrypted : new boolean[] {true, false}) {
            TestPlace place = new TestPlace(Path.of(arguments[1], name(encrypted)), new ManualTime());
            make(place, encrypted);
            Path zip = Files.createDirectories(Path.of(arguments[0])).resolve(name(encrypted));
            try (OutputStream file = Files.newOutputStream(zip, StandardOpenOption.CREATE_NEW);
                    ZipOutputStream out = new ZipOutputStream(file);
                    Stream<Path> files = Files.walk(place.directory())) {
                for (Path path : files.filter(Files::isRegularFile).sorted().toList()) {
                    out.putNextEntry(
                            new ZipEntry(place.directory().relativize(path).toString()));
                    out.write(Files.readAllBytes(path));
                    out.closeEntry();
                }
            }
        }
    }
}
