package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.MemoryStore;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackSettings;
import io.pgbk.catalog.format.pack.PackTable;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.format.pack.PackWriter;
import io.pgbk.catalog.format.pack.PageDigests;
import io.pgbk.catalog.format.pack.Placement;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cache of packs' indexes spares requests; whatever becomes of its files, nothing else changes. */
class PackTailFilesTest {
    private static final int PAGE = 8192;
    private static final int FRAME = 8 * PAGE;
    private static final int FRAMES = 3;
    private static final PackSettings SETTINGS = new PackSettings(Compression.zstd(1), FRAME, 1L << 30, PAGE);
    private static final ClusterName CLUSTER = new ClusterName("main");
    private static final long LIMIT = 1L << 30;

    @TempDir
    private Path directory;

    private Path spool = Path.of("/");
    private final MemoryStore store = new MemoryStore();
    private final List<String> debug = new ArrayList<>();
    private final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void debug(String message) {
            debug.add(message);
        }
    };

    @BeforeEach
    void makeSpool() throws IOException {
        spool = Files.createDirectory(directory.resolve("spool"));
    }

    private PackTailFiles files() {
        return files(spool);
    }

    private static PackTailFiles files(Path spool) {
        return (PackTailFiles) PackTailFiles.in(spool, TestRings.REPOSITORY, CLUSTER, LIMIT, TaskMonitor.SILENT);
    }

    /** A pack, and the first page of each of its frames. */
    private record Written(PackRef pack, List<Extent.Frame> frames, List<byte[]> pages) {}

    private Written write(KeyRing ring, PackTails tails, String path, long seed) {
        PackTable table = new PackTable(_ -> path);
        List<Placement> places = new ArrayList<>();
        List<byte[]> pages = new ArrayList<>();
        try (PackWriter writer =
                new PackWriter(store, ring, table, SETTINGS, new TestRings.FixedRandom(seed), Buffers.HEAP, tails)) {
            for (int i = 0; i < FRAMES; i++) {
                byte[] frame = TestRings.content(FRAME, seed * FRAMES + i);
                pages.add(Bytes.of(frame, 0, PAGE).toArray());
                places.add(writer.append(frame, 0, FRAME, true));
            }
            writer.finish();
        }
        return new Written(
                table.completed().getFirst(),
                places.stream().map(place -> place.extent().frame()).toList(),
                pages);
    }

    private Written write(KeyRing ring, PackTails tails) {
        return write(ring, tails, "clusters/main/packs/x/0", TestRings.seed());
    }

    private Optional<PageDigests> kept(KeyRing ring, PackTails tails, PackRef pack) {
        try (PackReader reader = new PackReader(store, ring)) {
            return reader.keptPageDigests(pack, tails);
        }
    }

    /** What a backup does: the digests are right, wherever they come from. */
    private void assertDigests(KeyRing ring, PackTails tails, Written written) {
        try (PackReader reader = new PackReader(store, ring)) {
            PageDigests digests = reader.keptPageDigests(written.pack, tails)
                    .orElseGet(() -> reader.readPageDigests(written.pack, tails));
            assertThat(digests.pages()).isEqualTo(FRAMES * FRAME / PAGE);
            for (int i = 0; i < FRAMES; i++) {
                assertThat(digests.find(written.frames.get(i).number(), 0))
                        .hasValue(digests.digest(written.pages.get(i), 0));
            }
        }
    }

    private static Path onlyFile(PackTailFiles files) throws IOException {
        try (Stream<Path> all = Files.list(files.directory())) {
            List<Path> found = all.toList();
            assertThat(found).hasSize(1);
            return found.getFirst();
        }
    }

    private static List<String> names(Path of) throws IOException {
        try (Stream<Path> all = Files.list(of)) {
            return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    /** Keeps in memory what it is given. */
    private static class InMemory implements PackTails {
        private final Map<PackRef, byte[]> tails = new HashMap<>();

        @Override
        public Optional<byte[]> find(PackRef pack) {
            return Optional.ofNullable(tails.get(pack));
        }

        @Override
        public void keep(PackRef pack, byte[] tail) {
            tails.put(pack, tail);
        }

        @Override
        public void drop(PackRef pack) {
            tails.remove(pack);
        }

        @Override
        public void keepOnly(Collection<PackRef> packs) {
            tails.keySet().retainAll(packs);
        }

        byte[] of(Written written) {
            return Objects.requireNonNull(tails.get(written.pack));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasWrittenOrFetchedOnceIsNotFetchedAgain(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        Written here = write(ring, files(), "clusters/main/packs/x/0", 1);
        Written elsewhere = write(ring, PackTails.NONE, "clusters/main/packs/x/1", 2);

        assertDigests(ring, files(), here);
        assertThat(store.reads()).isZero();
        assertDigests(ring, files(), elsewhere);
        assertThat(store.reads()).isEqualTo(1);
        assertDigests(ring, files(), elsewhere);
        assertDigests(ring, files(), here);
        assertThat(store.reads()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsKeptIsTheEndOfThePackAsItIsStored(boolean encrypted) {
        KeyRing ring = TestRings.ring(encrypted);
        InMemory writers = new InMemory();
        InMemory readers = new InMemory();
        Written written = write(ring, writers);
        try (PackReader reader = new PackReader(store, ring)) {
            assertThat(reader.readPageDigests(written.pack, readers).pages()).isPositive();
        }

        byte[] tail = writers.of(written);
        byte[] stored = store.get(written.pack.path());
        assertThat(tail).isEqualTo(readers.of(written));
        assertThat(tail).isEqualTo(Arrays.copyOfRange(stored, stored.length - tail.length, stored.length));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileOfWhichAnyByteIsChangedIsDroppedAndThePackIsReadFromTheStore(boolean encrypted) throws IOException {
        KeyRing ring = TestRings.ring(encrypted);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path file = onlyFile(files);
        byte[] sound = Files.readAllBytes(file);
        for (int at = 0; at < sound.length; at++) {
            byte[] damaged = sound.clone();
            damaged[at] ^= (byte) (1 << (at % 8));
            Files.write(file, damaged);
            assertThat(kept(ring, files, written.pack)).as("byte " + at).isEmpty();
            assertThat(file).doesNotExist();
        }
        assertThat(store.reads()).isZero();
        assertDigests(ring, files, written);
        assertThat(store.reads()).isEqualTo(1);
        assertThat(onlyFile(files)).hasBinaryContent(sound);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileOfAnyOtherLengthIsDropped(boolean encrypted) throws IOException {
        KeyRing ring = TestRings.ring(encrypted);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path file = onlyFile(files);
        byte[] sound = Files.readAllBytes(file);
        for (int length = 0; length <= sound.length + 40; length++) {
            if (length != sound.length) {
                Files.write(file, Arrays.copyOf(sound, length));
                assertThat(kept(ring, files, written.pack))
                        .as(length + " bytes")
                        .isEmpty();
                assertThat(file).doesNotExist();
            }
        }
        Files.write(file, new byte[PackTailFiles.MAX_TAIL_BYTES + 33]);
        assertThat(kept(ring, files, written.pack)).isEmpty();
        assertThat(file).doesNotExist();
        assertDigests(ring, files, written);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theFramesAreCheckedThoughTheFileIsSound(boolean encrypted) throws IOException {
        KeyRing ring = TestRings.ring(encrypted);
        InMemory writers = new InMemory();
        Written written = write(ring, writers);
        byte[] tail = writers.of(written);
        PackTailFiles files = files();
        for (int at = 0; at < tail.length; at++) {
            byte[] forged = tail.clone();
            forged[at] ^= (byte) (1 << (at % 8));
            files.keep(written.pack, forged);
            assertThat(files.find(written.pack)).isPresent();
            assertThat(kept(ring, files, written.pack)).as("byte " + at).isEmpty();
            assertThat(names(files.directory())).isEmpty();
        }
        for (int length = 1; length < tail.length; length++) {
            files.keep(written.pack, Arrays.copyOfRange(tail, tail.length - length, tail.length));
            assertThat(kept(ring, files, written.pack)).as(length + " bytes").isEmpty();
            assertThat(names(files.directory())).isEmpty();
        }
        assertThat(store.reads()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasKeptOfAnotherPackIsNotTaken(boolean encrypted) throws IOException {
        KeyRing ring = TestRings.ring(encrypted);
        InMemory writers = new InMemory();
        String path = "clusters/main/packs/x/0";
        Written earlier = write(ring, writers, path, 1);
        Written samePath = write(ring, writers, path, 2);
        Written otherPath = write(ring, writers, "clusters/main/packs/x/1", 1);
        PackTailFiles files = files();
        files.keep(earlier.pack, writers.of(earlier));
        Path file = onlyFile(files);

        assertThat(files.find(samePath.pack)).isEmpty();
        assertThat(files.find(otherPath.pack)).isEmpty();
        for (Written other : List.of(samePath, otherPath)) {
            // By a digest of other content under the same name, and by the frames when somebody made even that fit.
            files.keep(other.pack, writers.of(other));
            Path others = files.directory()
                    .resolve(names(files.directory()).stream()
                            .filter(name -> !file.endsWith(name))
                            .findFirst()
                            .orElseThrow());
            Files.copy(file, others, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            assertThat(files.find(other.pack)).isEmpty();
            files.keep(other.pack, writers.of(earlier));
            assertThat(kept(ring, files, other.pack)).isEmpty();
        }
        assertThat(kept(ring, files, earlier.pack)).isPresent();
        assertDigests(ring, files, samePath);
        assertDigests(ring, files, otherPath);
    }

    @Test
    void whatAnotherKeyWroteIsNotTaken() {
        KeyRing ring = TestRings.ring(true);
        KeyRing stranger = KeyRing.create(TestRings.REPOSITORY, new TestRings.FixedRandom(99));
        PackTailFiles files = files();
        Written written = write(ring, files);

        assertThat(kept(stranger, files, written.pack)).isEmpty();
        assertThat(kept(TestRings.ring(false), files, written.pack)).isEmpty();
        assertDigests(ring, files, written);
    }

    @Test
    void repositoriesAndClustersHaveFilesOfTheirOwn() throws IOException {
        KeyRing ring = TestRings.ring(true);
        RepositoryId other = RepositoryId.parse("ff".repeat(RepositoryId.LENGTH));
        PackTailFiles files = files();
        PackTails others = PackTailFiles.in(spool, other, CLUSTER, LIMIT, monitor);
        PackTails neighbours = PackTailFiles.in(spool, TestRings.REPOSITORY, new ClusterName("second"), LIMIT, monitor);
        InMemory writers = new InMemory();
        Written written = write(ring, writers);
        for (PackTails each : List.of(files, others, neighbours)) {
            assertThat(each.find(written.pack)).isEmpty();
            each.keep(written.pack, writers.of(written));
        }
        Path file = onlyFile(files);
        Path elsewhere = onlyFile((PackTailFiles) others);
        assertThat(file.getFileName()).isNotEqualTo(elsewhere.getFileName());

        // Another repository's file under the name that it would have here.
        Files.copy(elsewhere, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(files.find(written.pack)).isEmpty();
        files.keepOnly(List.of());

        assertThat(others.find(written.pack)).isPresent();
        assertThat(neighbours.find(written.pack)).isPresent();
    }

    @Test
    void keepOnlyRemovesTheFilesOfOtherPacksAndWhatKilledProcessesLeft() throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        List<Written> packs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            packs.add(write(ring, files, "clusters/main/packs/x/" + i, i));
        }
        String anyName = names(files.directory()).getFirst();
        Files.writeString(files.directory().resolve(anyName + ".4711-1.tmp"), "half");
        Files.writeString(files.directory().resolve("something"), "of somebody");

        files.keepOnly(List.of(packs.get(1).pack, packs.get(3).pack));

        assertThat(names(files.directory())).hasSize(3).contains("something");
        assertThat(files.find(packs.get(0).pack)).isEmpty();
        assertThat(files.find(packs.get(1).pack)).isPresent();
        assertThat(files.find(packs.get(2).pack)).isEmpty();
        assertThat(files.find(packs.get(3).pack)).isPresent();
    }

    @Test
    void whateverStandsInTheFilesPlaceThePackIsReadFromTheStore() throws Exception {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path file = onlyFile(files);
        Path moved = Files.move(file, directory.resolve("moved"));

        Files.createSymbolicLink(file, moved);
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();
        assertThat(moved).exists();

        Files.createDirectory(file);
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();

        Files.createDirectory(file);
        Path inside = Files.createFile(file.resolve("inside"));
        assertDigests(ring, files, written);
        files.keepOnly(List.of());
        assertThat(inside).exists();
        assertThat(names(files.directory())).hasSize(1);
        Files.delete(inside);
        Files.delete(file);

        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        assertThat(files.find(written.pack)).isEmpty();
        assertThat(file).doesNotExist();

        assertDigests(ring, files, written);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assertDigests(ring, files, written);
        assertDigests(ring, files, written);
    }

    @Test
    void aDirectoryThatIsTakenAwayIsAMiss() throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Files.move(files.directory(), directory.resolve("away"));

        assertDigests(ring, files, written);
        files.keepOnly(List.of(written.pack));
        files.drop(written.pack);
        assertThat(files.directory()).doesNotExist();
    }

    @Test
    void nothingIsKeptWithoutASpoolDirectoryOrWhenItIsSwitchedOff() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThat(in(directory.resolve("none"), LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(file, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
        assertThat(names(spool)).isEmpty();
        assertThat(debug).isEmpty();

        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(spool.resolve("digests"), elsewhere);
        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(names(elsewhere)).isEmpty();
        assertThat(debug).containsExactly("page digests are not kept on this host: " + link + ": it is no directory");
    }

    private PackTails in(Path spool, long limit) {
        return PackTailFiles.in(spool, TestRings.REPOSITORY, CLUSTER, limit, monitor);
    }

    @Test
    void nothingIsMadeBeforeThereIsSomethingToKeep() throws IOException {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, PackTails.NONE);
        PackTails files = in(spool, LIMIT);
        assertThat(files.isOn()).isTrue();
        assertThat(files.find(written.pack)).isEmpty();
        files.drop(written.pack);
        files.keepOnly(List.of(written.pack));
        assertThat(names(spool)).isEmpty();

        assertDigests(ring, files, written);
        assertThat(files.find(written.pack)).isPresent();
        assertThat(debug).isEmpty();
    }

    @Test
    void directoriesThatCannotBeMadeAreSaidOnce() throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTails files = in(spool, LIMIT);
        Path inTheWay = Files.createFile(spool.resolve("digests"));
        Written written = write(ring, files);
        assertDigests(ring, files, written);
        assertDigests(ring, files, written);

        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + inTheWay + ": it is no directory");
        assertThat(inTheWay).isEmptyFile();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void whatBelongsToSomebodyElseIsNotUsedThoughRootCould(int level) throws IOException {
        KeyRing ring = TestRings.ring(true);
        PackTailFiles files = files();
        Written written = write(ring, files);
        Path others = spool;
        for (int i = 0; i < level; i++) {
            others = others.resolve(spool.relativize(files.directory()).getName(i));
        }
        assumeThat(giveAway(others)).as("this user may give files away").isTrue();

        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
        assertThat(names(files.directory())).hasSize(1);
        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + others
                        + ": it belongs to 12345, not to the user of this process");
        assertDigests(ring, in(spool, LIMIT), written);
    }

    private static boolean giveAway(Path file) {
        try {
            Files.setAttribute(file, "unix:uid", 12345);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aSpoolDirectoryInWhichOthersCanExchangeDirectoriesIsNotUsed() throws IOException {
        Files.setAttribute(spool, "unix:mode", 0777);
        assertThat(in(spool, LIMIT)).isSameAs(PackTails.NONE);
        assertThat(debug)
                .containsExactly("page digests are not kept on this host: " + spool
                        + ": others may exchange what is in it (mode 777)");

        Files.setAttribute(spool, "unix:mode", 01777);
        PackTails files = in(spool, LIMIT);
        Written written = write(TestRings.ring(true), files);
        assertThat(files.find(written.pack)).isPresent();
    }

    @Test
    void filesAndDirectoriesAreTheirOwnersAlone() throws IOException {
        Path digests = Files.createDirectory(spool.resolve("digests"));
        Files.setPosixFilePermissions(digests, PosixFilePermissions.fromString("rwxrwxrwx"));
        PackTailFiles files = files();
        assertThat(write(TestRings.ring(false), files).frames()).hasSize(FRAMES);

        for (Path at = files.directory(); !at.equals(spool); at = Objects.requireNonNull(at.getParent())) {
            assertThat(mode(at)).isEqualTo("rwx------");
        }
        assertThat(mode(onlyFile(files))).isEqualTo("rw-------");
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void noMoreIsKeptThanTheLimitOfAllProcessesAllows() throws IOException {
        KeyRing ring = TestRings.ring(true);
        write(ring, files(), "clusters/main/packs/x/0", 1);
        long size = Files.size(onlyFile(files()));
        PackTailFiles limited = limited(3 * size + size / 2, _ -> Long.MAX_VALUE);
        for (int i = 1; i < 6; i++) {
            write(ring, limited, "clusters/main/packs/x/" + i, 1 + i);
        }

        assertThat(names(limited.directory())).hasSize(3);
        limited.keepOnly(List.of());
        Written written = write(ring, limited, "clusters/main/packs/x/7", 7);
        assertThat(limited.find(written.pack)).isPresent();
    }

    @Test
    void nothingIsKeptWhereTheDiskIsNearlyFullAndWhatIsThereServes() throws IOException {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, files());
        long size = Files.size(onlyFile(files()));

        PackTailFiles full = limited(LIMIT, _ -> size - 1);
        Written next = write(ring, full, "clusters/main/packs/x/1", 2);
        assertThat(full.find(next.pack)).isEmpty();
        PackTailFiles unknown = limited(LIMIT, _ -> {
            throw new IOException("no such device");
        });
        write(ring, unknown, "clusters/main/packs/x/2", 3);
        assertThat(names(unknown.directory())).hasSize(1);
        assertThat(full.find(written.pack)).isPresent();
        PackTailFiles enough = limited(LIMIT, _ -> size + 16);
        assertThat(enough.find(write(ring, enough, "clusters/main/packs/x/3", 4).pack))
                .isPresent();
    }

    private PackTailFiles limited(long bytes, PackTailFiles.Room room) throws IOException {
        return limited(bytes, room, new Random(1)::nextLong);
    }

    private PackTailFiles limited(long bytes, PackTailFiles.Room room, LongSupplier random) throws IOException {
        return new PackTailFiles(
                PackTailFiles.directories(spool, TestRings.REPOSITORY, CLUSTER),
                TestRings.REPOSITORY,
                bytes,
                room,
                random,
                monitor);
    }

    private static PackTailFiles.Room anyRoom() {
        return _ -> Long.MAX_VALUE;
    }

    @Test
    void whatALimitThatWasLoweredLeavesNoRoomForIsRemoved() throws IOException {
        KeyRing ring = TestRings.ring(true);
        List<PackRef> packs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            packs.add(write(ring, files(), "clusters/main/packs/x/" + i, i).pack);
        }
        List<String> all = names(files().directory());
        long size = Files.size(files().directory().resolve(all.getFirst()));
        Path others = Files.write(files().directory().resolve("something"), new byte[(int) size]);

        limited(5 * size, anyRoom()).keepOnly(packs);
        assertThat(names(files().directory())).hasSize(5);
        PackTailFiles limited = limited(3 * size + size / 2, anyRoom());
        limited.keepOnly(packs);

        assertThat(names(files().directory()))
                .hasSize(3)
                .containsAll(all.subList(0, 2))
                .contains("something");
        Files.delete(others);
        assertThat(limited.find(write(ring, limited, "clusters/main/packs/x/4", 4).pack))
                .isPresent();
        assertThat(limited.find(write(ring, limited, "clusters/main/packs/x/5", 5).pack))
                .isEmpty();
    }

    @Test
    void whenItIsSwitchedOffWhatIsThereDoesNotServeAndGoes() throws IOException {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, files());
        Path home = files().directory();
        Files.writeString(home.resolve(names(home).getFirst() + ".4711-0123456789abcdef.tmp"), "half");
        PackTails neighbours = PackTailFiles.in(spool, TestRings.REPOSITORY, new ClusterName("second"), LIMIT, monitor);
        Written theirs = write(ring, neighbours, "clusters/second/packs/x/0", 1);

        PackTails off = in(spool, 0);
        assertThat(off.isOn()).isFalse();
        assertThat(off.find(written.pack)).isEmpty();
        off.keep(written.pack, new byte[100]);
        assertThat(names(home)).hasSize(2);
        off.keepOnly(List.of(written.pack));

        assertThat(home).doesNotExist();
        assertThat(neighbours.find(theirs.pack)).isPresent();
        assertThat(in(spool, 0)).isSameAs(PackTails.NONE);
    }

    @Test
    void whenItIsSwitchedOffWhatPgbkDidNotMakeStays() throws IOException {
        write(TestRings.ring(true), files());
        Path home = files().directory();
        Path target = Files.createFile(directory.resolve("target"));
        Files.writeString(home.resolve("something"), "of somebody");
        Files.createSymbolicLink(home.resolve("0".repeat(64)), target);
        Files.createDirectory(home.resolve("1".repeat(64)));

        in(spool, 0).keepOnly(List.of());

        assertThat(names(home)).containsExactly("0".repeat(64), "1".repeat(64), "something");
        assertThat(target).exists();
    }

    @Test
    void whatIsDroppedOrReplacedGivesItsRoomBack() throws IOException {
        KeyRing ring = TestRings.ring(true);
        InMemory writers = new InMemory();
        List<Written> packs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            packs.add(write(ring, writers, "clusters/main/packs/x/" + i, i));
        }
        long size = 32L + writers.of(packs.getFirst()).length;
        PackTailFiles limited = limited(2 * size + size / 2, anyRoom());
        for (int i = 0; i < 3; i++) {
            // As workers do that fetched the same index.
            limited.keep(packs.get(0).pack, writers.of(packs.get(0)));
        }
        for (int i = 0; i < 3; i++) {
            limited.keep(packs.get(1).pack, writers.of(packs.get(1)));
            assertThat(limited.find(packs.get(1).pack)).isPresent();
            limited.drop(packs.get(1).pack);
            limited.drop(packs.get(1).pack);
        }
        // Somebody else's bytes were never taken, so that they give no room.
        Path grown = onlyFile(limited);
        Files.write(grown, new byte[(int) (10 * size)]);
        limited.drop(packs.get(0).pack);
        for (Written each : packs) {
            limited.keep(each.pack, writers.of(each));
        }
        assertThat(names(limited.directory())).hasSize(2);
    }

    @Test
    void aTemporaryFileOfAnotherProcessIsLeftAlone() throws IOException {
        KeyRing ring = TestRings.ring(true);
        InMemory writers = new InMemory();
        Written written = write(ring, writers);
        PackTailFiles files = limited(LIMIT, anyRoom(), () -> 0xabcL);
        files.keep(written.pack, writers.of(written));
        Path file = onlyFile(files);
        Files.delete(file);
        Path temporary = Files.writeString(
                file.resolveSibling(
                        file.getFileName() + "." + ProcessHandle.current().pid() + "-0000000000000abc.tmp"),
                "being written");

        files.keep(written.pack, writers.of(written));
        assertThat(temporary).hasContent("being written");
        assertThat(file).doesNotExist();

        files.keepOnly(List.of(written.pack));
        assertThat(temporary).doesNotExist();
        files.keep(written.pack, writers.of(written));
        assertThat(onlyFile(files)).isEqualTo(file);
    }

    @Test
    void anIndexIsKeptOnlyWhenAllOfItIsSoundAndIfAnybodyWantsIt() {
        KeyRing ring = TestRings.ring(true);
        Written written = write(ring, PackTails.NONE);
        PackRef forged = forged(ring);
        InMemory kept = new InMemory();
        PackTails off = new InMemory() {
            @Override
            public boolean isOn() {
                return false;
            }

            @Override
            public void keep(PackRef pack, byte[] tail) {
                throw new AssertionError("nobody wants " + pack.path());
            }
        };
        try (PackReader reader = new PackReader(store, ring)) {
            assertThat(reader.readPageDigests(written.pack, off).pages()).isPositive();
            assertThatThrownBy(() -> reader.readPageDigests(forged, kept))
                    .isInstanceOf(PgbkException.class)
                    .hasMessageContaining(forged.path());
            assertThat(kept.tails).isEmpty();
            assertThat(reader.readPageDigests(written.pack, kept).pages()).isPositive();
            assertThat(kept.tails).containsOnlyKeys(written.pack);
        }
    }

    /** A pack with a sound index in which there are no page digests. */
    private PackRef forged(KeyRing ring) {
        String path = "clusters/main/packs/x/forged";
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try (FrameCodec codec = new FrameCodec(Compression.zstd(1), Buffers.HEAP)) {
            EnvelopeWriter writer = new EnvelopeWriter(
                    ByteSink.of(content),
                    ring,
                    path,
                    new EnvelopeSettings(ObjectKind.PACK, FRAME, EnvelopeHeader.UNKNOWN_LENGTH, Bytes.EMPTY, true),
                    codec,
                    new TestRings.FixedRandom(5));
            writer.writeLast(new byte[FRAME], 0, FRAME);
            byte[] noDigests = {99};
            writer.finish(noDigests, 0, 1);
            store.put(path, content.toByteArray());
            return new PackRef(
                    path,
                    writer.headerBytes(),
                    writer.length(),
                    writer.sha256(),
                    FRAME,
                    writer.index().count());
        }
    }

    @Test
    void whateverFailsOnTheDiskTheDigestsAreRightAndNothingHalfIsTaken() throws IOException {
        KeyRing ring = TestRings.ring(true);
        int met = 0;
        for (DiskFault fault : List.of(DiskFault.NO_SPACE, DiskFault.IO_ERROR, DiskFault.SHORT_WRITE)) {
            boolean reached = true;
            for (int number = 0; reached; number++) {
                Path real = Files.createDirectory(directory.resolve(met + "-" + number));
                FaultyDisk disk = new FaultyDisk();
                disk.failAt(number, fault);
                PackTails tails = in(disk.path(real), LIMIT);
                Written first = write(ring, tails, "clusters/main/packs/x/0", 1);
                Written second = write(ring, PackTails.NONE, "clusters/main/packs/x/1", 2);
                for (int i = 0; i < 2; i++) {
                    assertDigests(ring, tails, first);
                    assertDigests(ring, tails, second);
                }
                tails.keepOnly(List.of(second.pack));
                List<DiskCall> calls = disk.calls();
                reached = calls.size() > number;
                met += reached ? 1 : 0;
                disk.heal();
                assertDigests(ring, files(real), first);
                assertDigests(ring, files(real), second);
                files(real).keepOnly(List.of(first.pack, second.pack));
                assertThat(names(files(real).directory()))
                        .as(fault + " at " + number)
                        .hasSize(2);
            }
        }
        assertThat(met).isGreaterThan(30);
    }

    @Test
    void twoProcessesThatKeepAndRemoveTheSameFilesDisturbNobody() throws InterruptedException {
        KeyRing ring = TestRings.ring(true);
        InMemory writers = new InMemory();
        List<Written> packs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            packs.add(write(ring, writers, "clusters/main/packs/x/" + i, i));
        }
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> processes = new ArrayList<>();
        for (int process = 0; process < 4; process++) {
            PackTailFiles own = files();
            Written kept = packs.get(process);
            processes.add(Thread.ofPlatform()
                    .uncaughtExceptionHandler((_, e) -> failures.add(e))
                    .start(() -> {
                        for (int round = 0; round < 50; round++) {
                            for (Written each : packs) {
                                own.keep(each.pack, writers.of(each));
                                kept(ring, own, each.pack)
                                        .ifPresent(digests -> assertThat(digests.find(
                                                        each.frames.getFirst().number(), 0))
                                                .hasValue(digests.digest(each.pages.getFirst(), 0)));
                            }
                            own.keepOnly(List.of(kept.pack));
                        }
                    }));
        }
        for (Thread process : processes) {
            process.join();
        }
        assertThat(failures).isEmpty();
    }
}
