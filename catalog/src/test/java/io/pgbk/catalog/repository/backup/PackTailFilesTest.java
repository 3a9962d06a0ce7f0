package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.envelope.EnvelopeHeader;
import io.pgbk.catalog.format.envelope.EnvelopeSettings;
import io.pgbk.catalog.format.envelope.EnvelopeWriter;
import io.pgbk.catalog.format.envelope.FrameCodec;
import io.pgbk.catalog.format.pack.PackReader;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import io.pgbk.testkit.disk.DiskCall;
import io.pgbk.testkit.disk.DiskFault;
import io.pgbk.testkit.disk.FaultyDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cache of packs' indexes spares requests; whatever becomes of its files, nothing else changes. */
class PackTailFilesTest extends PackTailSite {
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
