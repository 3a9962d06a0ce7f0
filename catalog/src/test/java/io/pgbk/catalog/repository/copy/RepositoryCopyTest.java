package io.pgbk.catalog.repository.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.PageFailure;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupWriter;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies between repositories in directories, under different keys. */
class RepositoryCopyTest {
    private static final int PAGE = 8192;
    private static final Bytes FILE = Bytes.utf8("base/5/16384");

    @TempDir
    Path directory;

    private final ManualTime time = new ManualTime();

    @SuppressWarnings("NullAway.Init")
    private ClusterCatalog from;

    @BeforeEach
    void makeSource() {
        from = place("from").cluster();
    }

    private TestPlace place(String name) {
        return new TestPlace(directory.resolve(name), time);
    }

    /** A repository without the cluster, under a key of its own or plain. */
    private ClusterCatalog target(String name, EncryptionSettings encryption) {
        return new ClusterCatalog(place(name).initialise(encryption), TestPlace.CLUSTER);
    }

    private static CopyReport copy(ClusterCatalog from, ClusterCatalog to, Optional<Label> backup) {
        return new RepositoryCopy(from, to).run(new RepositoryCopy.Request(backup, 2, false), TaskMonitor.SILENT);
    }

    private static List<Label> labels(ClusterCatalog cluster) {
        return cluster.backups().list().stream().map(BackupRecord::label).toList();
    }

    /** A full of 40 pages, and a differential that takes all but the first page from it. */
    private List<Label> chain() {
        from.wal(from.newestIncarnation()).put(TestPlace.segment(SmallBackup.SEGMENT));
        byte[] content = new byte[40 * PAGE];
        new Random(4711).nextBytes(content);
        Label full = take(BackupType.FULL, Optional.empty(), content, Lsn.parse("0/100028"));
        content[17] ^= 1;
        return List.of(full, take(BackupType.DIFFERENTIAL, Optional.of(full), content, Lsn.parse("0/100400")));
    }

    private Label take(BackupType type, Optional<Label> parent, byte[] content, Lsn start) {
        Repository repository = from.repository();
        List<PackRef> old = new ArrayList<>();
        List<Extent> extents = new ArrayList<>();
        parent.map(label -> from.backups().require(label)).ifPresent(record -> {
            try (ManifestReader manifest = manifest(from, record)) {
                old.addAll(manifest.packs());
                List<Extent> all = manifest.find(FILE).orElseThrow().extents();
                Extent.Stored first = (Extent.Stored) all.getFirst();
                extents.add(new Extent.Stored(first.frame(), first.offsetInFrame() + PAGE, first.bytes() - PAGE));
                extents.addAll(all.subList(1, all.size()));
            }
        });
        try (BackupWriter writer = from.backups()
                .begin(new BackupCatalog.BackupStart(type, from.newestIncarnation(), parent, Duration.ZERO))) {
            PackTable table = new PackTable(writer::packKey);
            old.forEach(table::add);
            try (PackWriter packs = new PackWriter(
                    repository.store(),
                    repository.keys(),
                    table,
                    new PackSettings(Compression.DEFAULT, 1 << 16, 1 << 17, PAGE),
                    repository.runtime().random())) {
                List<Placement> placements = new ArrayList<>();
                int length = parent.isPresent() ? PAGE : content.length;
                for (int at = 0; at < length; at += 1 << 16) {
                    placements.add(packs.append(content, at, Math.min(1 << 16, length - at), true));
                }
                packs.finish();
                extents.addAll(
                        0, placements.stream().<Extent>map(Placement::extent).toList());
            }
            Instant now = repository.runtime().clock().instant();
            Lsn stop = start.plus(256);
            WindowDigester digester = new WindowDigester();
            digester.update(content, 0, content.length);
            ManifestWriter.ManifestRef written;
            try (ObjectUpload upload = repository.store().upload(writer.manifestKey());
                    ManifestWriter out = new ManifestWriter(
                            ByteSink.of(upload),
                            repository.keys(),
                            writer.manifestKey(),
                            Compression.DEFAULT,
                            repository.runtime().random(),
                            facts(writer.label(), parent, start, stop, now),
                            table.completed())) {
                out.add(FileEntry.directory(Bytes.utf8("base"), 0700, 1));
                out.add(FileEntry.file(FILE, 0600, 2, content.length, extents, digester.finish()));
                out.add(new PageFailure(FILE, 3));
                written = out.finish();
                upload.complete();
            }
            List<PackUse> uses = new ArrayList<>();
            for (PackRef pack : table.completed()) {
                int number = Integer.parseInt(pack.path().substring(pack.path().lastIndexOf('/') + 1));
                boolean own = pack.path().contains(writer.label().value());
                uses.add(
                        new PackUse(own ? writer.label() : parent.orElseThrow(), number, pack.length(), pack.length()));
            }
            BackupFacts facts = new BackupFacts(
                    parent,
                    Optional.empty(),
                    1,
                    1,
                    start,
                    stop,
                    now,
                    now,
                    1,
                    content.length,
                    0,
                    0,
                    1,
                    false,
                    "db1",
                    "0.1.0",
                    Map.of("ticket", "4711"),
                    uses);
            return writer.commit(facts, written).label();
        }
    }

    private static ManifestFacts facts(Label label, Optional<Label> parent, Lsn start, Lsn stop, Instant now) {
        return new ManifestFacts(
                label.value(),
                label.type().id(),
                parent.map(Label::value).stream().toList(),
                1,
                TestPlace.SYSTEM,
                17,
                1700,
                202406281,
                PAGE,
                TestPlace.SIZE.bytes(),
                PageChecksums.OFF,
                false,
                start,
                1,
                stop,
                1,
                now,
                now,
                Bytes.utf8("START WAL LOCATION: " + start + "\n"),
                Optional.empty(),
                new TreeMap<>(Map.of("work_mem", "4MB")),
                List.of(),
                List.of());
    }

    private static ManifestReader manifest(ClusterCatalog cluster, BackupRecord backup) {
        return ManifestReader.open(
                cluster.repository().store(),
                cluster.repository().keys(),
                cluster.backups().manifestKey(backup),
                backup.manifest().storedBytes());
    }

    /** Puts the file together from a repository, as a restore does, with every check. */
    private static byte[] assemble(ClusterCatalog cluster, Label label) throws IOException {
        try (ManifestReader manifest = manifest(cluster, cluster.backups().require(label));
                PackReader reader = new PackReader(
                        cluster.repository().store(), cluster.repository().keys())) {
            FileEntry file = manifest.find(FILE).orElseThrow();
            byte[] content = new byte[(int) file.size()];
            int at = 0;
            for (Extent extent : file.extents()) {
                Extent.Stored stored = (Extent.Stored) extent;
                int offset = at;
                PackRef pack = manifest.packs().get(stored.frame().pack());
                reader.read(
                        pack,
                        List.of(stored.frame()),
                        (frame, raw) -> System.arraycopy(raw, stored.offsetInFrame(), content, offset, stored.bytes()));
                PageDigests digests = reader.readPageDigests(pack);
                assertThat(digests.find(stored.frame().number(), stored.offsetInFrame()))
                        .hasValue(digests.digest(content, offset));
                at += stored.bytes();
            }
            for (int window = 0; window < file.windows().count(); window++) {
                int offset = window << 18;
                assertThat(file.windows().matches(window, content, offset, Math.min(1 << 18, content.length - offset)))
                        .isTrue();
            }
            return content;
        }
    }

    @Test
    void aCopyRestoresOnItsOwnUnderTheOtherKeyWithPageDigestsOfItsOwnSeed() throws IOException {
        List<Label> chain = chain();
        WalArchive archive = from.wal(from.newestIncarnation());
        archive.put(TestPlace.segment("000000010000000000000002"));
        byte[] full = assemble(from, chain.getFirst());
        byte[] differential = assemble(from, chain.getLast());
        for (EncryptionSettings encryption : List.of(TestPlace.encrypted(2), new EncryptionSettings.Plain())) {
            ClusterCatalog to = target("to-" + encryption.getClass().getSimpleName(), encryption);

            CopyReport report = copy(from, to, Optional.empty());

            assertThat(report.failures()).isEmpty();
            assertThat(report.walSegments()).isEqualTo(2);
            assertThat(report.backups())
                    .extracting(CopyReport.CopiedBackup::label)
                    .containsExactlyElementsOf(chain);
            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(assemble(to, chain.getFirst())).isEqualTo(full);
            assertThat(assemble(to, chain.getLast())).isEqualTo(differential).isNotEqualTo(full);
            BackupRecord copied = to.backups().require(chain.getLast());
            assertThat(copied.summary().facts().parent()).hasValue(chain.getFirst());
            assertThat(copied.annotations()).containsEntry("ticket", "4711");
            try (ManifestReader manifest = manifest(to, copied)) {
                assertThat(manifest.pageFailures().next()).isEqualTo(new PageFailure(FILE, 3));
                assertThat(manifest.facts().settings()).containsEntry("work_mem", "4MB");
            }
            assertThat(to.wal(to.newestIncarnation())
                            .find(WalFileName.parse("000000010000000000000002").orElseThrow()))
                    .isPresent();
            assertThat(to.holds().list()).isEmpty();
            assertThat(from.holds().list()).isEmpty();
            RepositoryChecker.assertSound(to.repository());

            CopyReport again = copy(from, to, Optional.empty());
            assertThat(again.backups()).isEmpty();
            assertThat(again.bytes()).isZero();
        }
    }

    @Test
    void oneBackupBringsThoseItIsBuiltOnAndTheWalItNeedsAlone() {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport planned = new RepositoryCopy(from, to)
                .run(new RepositoryCopy.Request(Optional.of(chain.getLast()), 1, true), TaskMonitor.SILENT);
        assertThat(planned.backups())
                .extracting(CopyReport.CopiedBackup::state)
                .containsExactly(CopyReport.State.PLANNED, CopyReport.State.PLANNED);
        assertThat(to.incarnations()).isEmpty();

        CopyReport report = copy(from, to, Optional.of(chain.getLast()));

        assertThat(labels(to)).containsExactlyElementsOf(chain).doesNotContain(other);
        assertThat(report.walSegments()).isEqualTo(1);
        // Deletion in the copy knows who needs what.
        assertThatThrownBy(() -> to.backups().delete(chain.getFirst(), Duration.ZERO, true))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REFUSED_BY_POLICY));
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void aDamagedBackupIsNotCopiedNorWhatIsBuiltOnItAndTheOthersAre() throws IOException {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        ObjectInfo pack = from.repository()
                .store()
                .list(RepositoryLayout.packFolder(TestPlace.CLUSTER, chain.getFirst()), "")
                .next();
        try (RandomAccessFile file = new RandomAccessFile(
                place("from").directory().resolve(pack.key()).toFile(), "rw")) {
            file.seek(pack.length() / 2);
            int old = file.read();
            file.seek(pack.length() / 2);
            file.write(old ^ 4);
        }
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(other);
        assertThat(report.failures()).hasSize(2);
        assertThat(report.failures().getFirst().code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
        assertThat(report.failures().getFirst()).hasMessageContaining(pack.key());
        RepositoryChecker.assertSound(to.repository());
    }

    @Test
    void killedAtAnyCallNothingHalfIsListedAndTheNextCopyGoesOnWithThePacksThatAreThere() throws IOException {
        List<Label> chain = chain();
        byte[] expected = assemble(from, chain.getLast());
        boolean died = true;
        int resumed = 0;
        for (int call = 1; died; call += 3) {
            assertThat(call).isLessThan(400);
            TestPlace place = place("killed-" + call);
            place.initialise(TestPlace.encrypted(1)).close();
            FaultyStore store = place.store();
            Repository dying = place.open(store, "dying");
            store.dieAtCall(call, call % 2 == 0);
            try {
                new RepositoryCopy(from, new ClusterCatalog(dying, TestPlace.CLUSTER))
                        .run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT);
            } catch (PgbkException e) {
                assertThat(e.code()).as("call %d: %s", call, e).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE);
            }
            died = store.died();
            assertThat(dying.runtime().buffers().reservedBytes()).isZero();
            place.assertSound();
            time.advance(Duration.ofMinutes(5));
            try (Repository next = place.open("next")) {
                ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
                Set<String> before = packs(to);
                copy(from, to, Optional.empty());
                assertThat(packs(to)).containsAll(before);
                resumed += before.isEmpty() ? 0 : 1;
                assertThat(labels(to)).containsExactlyElementsOf(chain);
                assertThat(assemble(to, chain.getLast())).isEqualTo(expected);
                RepositoryChecker.assertSound(next);
            }
        }
        assertThat(resumed).as("copies that found packs").isPositive();
    }

    private static Set<String> packs(ClusterCatalog cluster) {
        Set<String> keys = new TreeSet<>();
        cluster.repository()
                .store()
                .list("clusters/main/packs/", "")
                // The salt in the header tells whether a pack was written anew.
                .forEachRemaining(object ->
                        keys.add(object.key() + " " + cluster.repository().sha256(object.key(), object.length())));
        return keys;
    }

    @Test
    void aBackupWhoseSummaryCannotBeReadIsNamedAndTheOthersAreCopied() throws IOException {
        Label first = SmallBackup.take(from);
        Label second = SmallBackup.take(from, Lsn.parse("0/100800"));
        damageSummary(second);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(first);
        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void aChainWhoseFullsSummaryCannotBeReadIsLeftOutWithOneFailureForEachLinkAndTheRestIsCopied() throws IOException {
        Label full = SmallBackup.take(from);
        Label first = SmallBackup.take(from, Lsn.parse("0/100400"), Optional.of(full));
        Label second = SmallBackup.take(from, Lsn.parse("0/100600"), Optional.of(first));
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        damageSummary(full);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        CopyReport planned = new RepositoryCopy(from, to)
                .run(new RepositoryCopy.Request(Optional.empty(), 1, true), TaskMonitor.SILENT);
        CopyReport report = copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(other);
        assertThat(report.walSegments()).isEqualTo(2);
        for (CopyReport one : List.of(planned, report)) {
            assertThat(one.failures())
                    .extracting(PgbkException::code)
                    .containsExactly(ErrorCode.OBJECT_DAMAGED, ErrorCode.OBJECT_MISSING, ErrorCode.OBJECT_MISSING);
            assertThat(one.backups())
                    .filteredOn(backup -> backup.state() == CopyReport.State.FAILED)
                    .extracting(CopyReport.CopiedBackup::label)
                    .containsExactly(second, first);
        }
        RepositoryChecker.assertSound(to.repository());
        // Whoever asks for just such a backup is told at once.
        assertThatThrownBy(() -> copy(from, to, Optional.of(first)))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_MISSING));
    }

    private void damageSummary(Label label) throws IOException {
        Path summary = place("from").directory().resolve(RepositoryLayout.backup(TestPlace.CLUSTER, label));
        byte[] content = Files.readAllBytes(summary);
        content[content.length / 2] ^= 1;
        Files.delete(summary);
        Files.write(summary, content);
    }

    @Test
    void aBackupThatIsCopiedBackAfterItsRemovalIsNoDamageOfTheChainOfSummaries() {
        Label first = SmallBackup.take(from);
        Label second = SmallBackup.take(from, Lsn.parse("0/100800"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));
        copy(from, to, Optional.empty());
        assertThat(to.backups()
                        .require(first)
                        .summary()
                        .previous()
                        .orElseThrow()
                        .label())
                .isEqualTo(second);

        to.backups().delete(second, Duration.ZERO, true);
        assertThat(labels(to)).containsExactly(first);
        copy(from, to, Optional.empty());

        assertThat(labels(to)).containsExactly(first, second);
        assertThat(to.backups().require(second).summary().sequence()).isEqualTo(3);
        RepositoryChecker.assertSound(to.repository());
    }

    /** A copy whose manifests cannot be removed dies behind the first of them; returns the place. */
    private TestPlace interruptedWithLockedManifests(Label first) {
        TestPlace place = place("locked");
        place.initialise(TestPlace.encrypted(1)).close();
        FaultyStore store = place.store();
        store.dieAtStoring(key -> key.startsWith("clusters/main/wal/"));
        try (Repository dying = place.open(store, "dying")) {
            assertThatThrownBy(() -> copy(from, new ClusterCatalog(dying, TestPlace.CLUSTER), Optional.empty()))
                    .isInstanceOfSatisfying(
                            PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REPOSITORY_UNREACHABLE));
        }
        assertThat(place.directory().resolve(manifestKey(first))).exists();
        time.advance(Duration.ofMinutes(5));
        return place;
    }

    private static String manifestKey(Label label) {
        return RepositoryLayout.manifest(TestPlace.CLUSTER, label, 1);
    }

    private static FaultyStore withLockedManifests(TestPlace place) {
        FaultyStore store = place.store();
        store.refuseToDelete(key -> RepositoryLayout.parse(key) instanceof RepositoryObject.Manifest);
        return store;
    }

    @Test
    void hazardAnInterruptedCopyGoesOnWithItsManifestWhereItIsLocked() throws IOException {
        List<Label> chain = chain();
        from.wal(from.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
        TestPlace place = interruptedWithLockedManifests(chain.getFirst());
        byte[] left = Files.readAllBytes(place.directory().resolve(manifestKey(chain.getFirst())));

        try (Repository next = place.open(withLockedManifests(place), "next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            CopyReport report = copy(from, to, Optional.empty());

            assertThat(report.failures()).isEmpty();
            assertThat(report.walSegments()).isEqualTo(2);
            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(Files.readAllBytes(place.directory().resolve(manifestKey(chain.getFirst()))))
                    .isEqualTo(left);
            assertThat(to.backups().require(chain.getFirst()).packs())
                    .allSatisfy(pack -> assertThat(pack.usedBytes()).isPositive());
            for (Label label : chain) {
                assertThat(assemble(to, label)).isEqualTo(assemble(from, label));
            }
            RepositoryChecker.assertSound(next);
        }
    }

    @Test
    void aLockedManifestThatIsNotTheCopysKeepsJustItsBackupFromBeingCopied() throws IOException {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        TestPlace place = interruptedWithLockedManifests(other);
        // Packs that were written anew have other salts, and the manifest does not name them.
        Path packs = place.directory().resolve(RepositoryLayout.packFolder(TestPlace.CLUSTER, other));
        try (Stream<Path> files = Files.walk(packs)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }

        try (Repository next = place.open(withLockedManifests(place), "next")) {
            ClusterCatalog to = new ClusterCatalog(next, TestPlace.CLUSTER);
            CopyReport report = copy(from, to, Optional.empty());

            assertThat(labels(to)).containsExactlyElementsOf(chain);
            assertThat(report.walSegments()).isEqualTo(1);
            assertThat(report.failures()).singleElement().satisfies(failure -> {
                assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED);
                assertThat(failure).hasMessageContaining(manifestKey(other)).hasMessageContaining("locked by the test");
            });
            RepositoryChecker.assertSound(next);
        }
    }

    @Test
    void aCopyOfWhatIsBuiltOnABackupThatIsBeingRemovedLeavesNothingThatKeepsTheRemovalWaiting() {
        List<Label> chain = chain();
        Label other = SmallBackup.take(from, Lsn.parse("0/100800"));
        ClusterCatalog to = target("to", TestPlace.encrypted(2));
        copy(from, to, Optional.of(chain.getFirst()));
        copy(from, to, Optional.of(other));
        to.backups().delete(chain.getFirst(), BackupCatalog.GRACE, true);

        CopyReport report = copy(from, to, Optional.empty());

        assertThat(report.failures())
                .singleElement()
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.NO_FITTING_BACKUP));
        assertThat(to.backups().listing().running()).isEmpty();
    }

    @Test
    void anotherClusterAndTheSameRepositoryAreRefused() {
        chain();
        ClusterCatalog other = target("other", TestPlace.encrypted(2));
        other.join(new ServerIdentity(1, 17, 202406281, TestPlace.SIZE, PAGE));

        assertThatThrownBy(() -> copy(from, other, Optional.empty()))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OTHER_CLUSTER));
        assertThatThrownBy(() -> copy(from, from, Optional.empty()))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE));
        assertThat(labels(other)).isEmpty();
    }

    @Test
    void incarnationsFollowEachOtherAsTheyDoInTheSource() {
        chain();
        ServerIdentity upgraded = new ServerIdentity(99, 18, 202506291, TestPlace.SIZE, PAGE);
        time.advance(Duration.ofHours(2));
        from.upgrade(upgraded);
        ClusterCatalog to = target("to", TestPlace.encrypted(2));

        copy(from, to, Optional.empty());

        assertThat(to.incarnations()).extracting(Incarnation::identity).containsExactly(TestPlace.SERVER, upgraded);
    }
}
