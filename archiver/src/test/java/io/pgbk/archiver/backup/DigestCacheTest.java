package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.backup.PackTailFiles;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Backups that find page digests on their host store and refer to the same as those that fetch them. */
final class DigestCacheTest {
    private static final Lsn OLD = new Lsn(0x1000000);
    private static final String RELATION = "base/5/16384";
    private static final int PAGES = 24 * FormatLimits.WINDOW_BYTES / Pages.BYTES;
    private static final RepositoryId REPOSITORY = RepositoryId.random(new SecureRandom());

    @TempDir
    private Path directory;

    private Path spool = Path.of("/");
    private final List<CopyFixture> fixtures = new ArrayList<>();
    private final byte[] content = Pages.sound(PAGES, 0, OLD, 1);

    @BeforeEach
    void makeSpool() throws IOException {
        spool = Files.createDirectory(directory.resolve("spool"));
    }

    @AfterEach
    void close() {
        fixtures.reversed().forEach(CopyFixture::close);
    }

    /** As another process would open it. */
    private PackTails tails() {
        return PackTailFiles.in(spool, REPOSITORY, new ClusterName("main"), 1 << 30, TaskMonitor.SILENT);
    }

    private CopyFixture full(boolean encrypted) throws IOException {
        KeyRing ring = encrypted ? KeyRing.create(REPOSITORY, new SecureRandom()) : KeyRing.plain(REPOSITORY);
        CopyFixture full = new CopyFixture(directory, 2 * FormatLimits.WINDOW_BYTES, ring, tails());
        fixtures.add(full);
        full.copy(full.plan(RELATION, content));
        assertThat(full.packs.completed()).hasSizeGreaterThan(3);
        return full;
    }

    /** One page in each fourth window. */
    private void change(long seed) {
        for (int page = 5; page < PAGES; page += PAGES / 6) {
            System.arraycopy(Pages.sound(1, page, OLD, seed + page), 0, content, page * Pages.BYTES, Pages.BYTES);
        }
    }

    private CopyFixture next(PackTails with) throws IOException {
        return next(fixtures.getLast(), with);
    }

    private CopyFixture next(CopyFixture parent, PackTails with) throws IOException {
        CopyFixture next = parent.next(directory, fixtures.size() + 1, with);
        fixtures.add(next);
        next.copy(next.plan(RELATION, content));
        return next;
    }

    private static long gets(CopyFixture fixture) {
        return fixture.store.counts().get();
    }

    /** Which bytes of which packs the backup consists of, and what it stored itself. */
    private static List<String> shape(CopyFixture backup) throws IOException {
        List<String> shape = new ArrayList<>();
        List<PackRef> packs = backup.packs.completed();
        for (Extent extent : backup.entries().getFirst().extents()) {
            shape.add(
                    switch (extent) {
                        case Extent.Zeros zeros -> zeros.toString();
                        case Extent.Stored(Extent.Frame frame, int offset, int bytes) -> {
                            String path = packs.get(frame.pack()).path();
                            // Each backup's own packs have names of their own.
                            yield (path.startsWith("packs/1/") ? path : "own") + " " + frame.number() + " "
                                    + frame.rawLength() + " " + offset + " " + bytes;
                        }
                    });
        }
        return shape;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsFetchedOfWhatThisHostHasWrittenOrFetched(boolean encrypted) throws IOException {
        CopyFixture full = full(encrypted);
        for (int i = 0; i < 3; i++) {
            change(1000L * i);
            long before = gets(full);
            CopyFixture next = next(tails());

            assertThat(gets(full)).isEqualTo(before);
            assertThat(next.parentPacks().fetchedIndexes()).isZero();
            assertThat(next.parentPacks().cachedIndexes()).isPositive();
            assertThat(next.restored().get(RELATION)).isEqualTo(content);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void withoutTheCacheAllIsFetchedOnceAndTheBackupIsTheSame(boolean encrypted) throws IOException {
        CopyFixture full = full(encrypted);
        change(1);
        CopyFixture cached = next(full, tails());
        long before = gets(full);
        CopyFixture fetching = next(full, PackTails.NONE);
        long fetched = gets(full) - before;

        assertThat(fetched)
                .isPositive()
                .isEqualTo(fetching.parentPacks().fetchedIndexes())
                .isEqualTo(cached.parentPacks().cachedIndexes());
        assertThat(shape(fetching)).isEqualTo(shape(cached)).anyMatch(piece -> piece.startsWith("own"));

        // As after a failover: what is fetched is kept.
        spool = Files.createDirectory(directory.resolve("other-host"));
        before = gets(full);
        CopyFixture first = next(full, tails());
        assertThat(gets(full) - before).isEqualTo(fetched);
        before = gets(full);
        CopyFixture second = next(full, tails());
        assertThat(gets(full)).isEqualTo(before);
        assertThat(shape(first)).isEqualTo(shape(second)).isEqualTo(shape(cached));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void damagedFilesOfTheCacheAreReplacedAndTheirPacksAreTrusted(boolean encrypted) throws IOException {
        CopyFixture full = full(encrypted);
        change(1);
        CopyFixture sound = next(full, tails());
        int number = 0;
        for (Path file : files()) {
            byte[] bytes = Files.readAllBytes(file);
            bytes[(31 * number++) % bytes.length] ^= 1;
            Files.write(file, bytes);
        }

        CopyFixture next = next(full, tails());

        assertThat(next.parentPacks().fetchedIndexes())
                .isPositive()
                .isEqualTo(sound.parentPacks().cachedIndexes());
        assertThat(next.warnings).isEmpty();
        assertThat(shape(next)).isEqualTo(shape(sound));
        assertThat(next.restored().get(RELATION)).isEqualTo(content);
        assertThat(next(full, tails()).parentPacks().fetchedIndexes()).isZero();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(spool)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
