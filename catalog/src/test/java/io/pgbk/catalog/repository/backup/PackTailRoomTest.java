package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.TestRings;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.pack.PackRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** How much of the disk the cache of packs' indexes takes, and what is removed from it. */
class PackTailRoomTest extends PackTailSite {
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
}
