package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.postgres.files.RelationFile;
import io.pgbk.postgres.files.RelativePath;
import io.pgbk.postgres.files.SourceFile;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What WAL summaries list, found again for each file of the walk. */
final class ChangedWindowsTest {
    private static final int SEGMENT_PAGES = 131072;

    @TempDir
    private Path directory;

    private static SourceFile file(String path, long pages) {
        RelativePath relative = new RelativePath(path);
        return new SourceFile(
                relative,
                Path.of("/", path),
                0600,
                FileTime.fromMillis(0),
                pages * 8192,
                RelationFile.parse(relative.name()).orElse(null));
    }

    private static BitSet bits(int... set) {
        BitSet bits = new BitSet();
        for (int bit : set) {
            bits.set(bit);
        }
        return bits;
    }

    private ChangedWindows list(Consumer<ChangedWindows> content) {
        ChangedWindows changes = new ChangedWindows(directory, SEGMENT_PAGES);
        content.accept(changes);
        changes.finish();
        return changes;
    }

    @Test
    void aFileHasJustTheWindowsThatAreListedAndAnUnlistedOneHasNone() {
        try (ChangedWindows changes = list(c -> {
            c.window("base/5/16384", 3);
            c.window("base/5/16384", 4095);
            c.window("base/5/16384.1", 0);
            c.window("base/5/163841", 9);
            c.window("pg_tblspc/16400/PG_17_1/5/20000", 1);
        })) {
            // Twice: a copy that begins anew reads it from the beginning.
            for (int i = 0; i < 2; i++) {
                ChangedWindows.Reader reader = changes.read();
                assertThat(reader.changed(file("base/5/16380", 10))).contains(bits());
                assertThat(reader.changed(file("base/5/16384", 10))).contains(bits(3, 4095));
                assertThat(reader.changed(file("base/5/16384.1", 10))).contains(bits(0));
                assertThat(reader.changed(file("base/5/16384.10", 10))).contains(bits());
                assertThat(reader.changed(file("base/5/163841", 10))).contains(bits(9));
                assertThat(reader.changed(file("global/1262", 10))).contains(bits());
                assertThat(reader.changed(file("pg_tblspc/16400/PG_17_1/5/20000", 10)))
                        .contains(bits(1));
            }
        }
    }

    @Test
    void whatIsNoMainForkAndWhatIsAskedForOutOfOrderIsReadWhole() {
        try (ChangedWindows changes = list(c -> c.window("base/5/2", 1))) {
            ChangedWindows.Reader reader = changes.read();
            assertThat(reader.changed(file("base/5/1", 1))).contains(bits());
            for (String other : new String[] {
                "base/5/1_fsm",
                "base/5/1_init",
                "base/5/1_vm",
                "base/5/PG_VERSION",
                "base/5/pg_filenode.map",
                "pg_xact/0000"
            }) {
                assertThat(reader.changed(file(other, 1))).as(other).isEmpty();
            }
            SourceFile uneven = file("base/5/3", 1);
            assertThat(reader.changed(new SourceFile(
                            uneven.path(), uneven.file(), 0600, uneven.modified(), 8191, uneven.relation())))
                    .isEmpty();
            assertThat(reader.changed(file("base/5/4", 1))).contains(bits());
            assertThat(reader.changed(file("base/5/4", 1))).isEmpty();
            assertThat(reader.changed(file("base/5/2", 1))).isEmpty();
        }
    }

    @Test
    void hazardATruncatedRelationIsReadFromItsLimitOnInAllItsFiles() {
        try (ChangedWindows changes = list(c -> {
            c.limit("base/5/16384", SEGMENT_PAGES + 70);
            c.limit("base/5/16384", SEGMENT_PAGES + 700); // the lowest comes first
            c.window("base/5/16384", 7);
            c.window("base/5/16384.1", 1);
            c.limit("base/5/16385", 0);
        })) {
            ChangedWindows.Reader reader = changes.read();
            assertThat(reader.changed(file("base/5/16384", SEGMENT_PAGES))).contains(bits(7));
            BitSet second = bits(1);
            second.set(2, SEGMENT_PAGES / 32);
            assertThat(reader.changed(file("base/5/16384.1", SEGMENT_PAGES))).contains(second);
            assertThat(reader.changed(file("base/5/16384.10", 5))).isEmpty();
            assertThat(reader.changed(file("base/5/16384.2", 5))).isEmpty();
            assertThat(reader.changed(file("base/5/16385", 5))).isEmpty();
            assertThat(reader.changed(file("base/5/16386", 5))).contains(bits());
        }
    }

    @Test
    void hazardADatabaseThatWasCreatedByCopyingFilesIsReadWhole() {
        try (ChangedWindows changes = list(c -> {
            c.limit("base/16390/0", 0);
            c.window("base/16390/1259", 0);
            c.limit("pg_tblspc/16400/PG_17_1/5/0", 0);
        })) {
            ChangedWindows.Reader reader = changes.read();
            assertThat(reader.changed(file("base/1639/1259", 5))).contains(bits());
            assertThat(reader.changed(file("base/16390/112", 5))).isEmpty();
            assertThat(reader.changed(file("base/16390/1259", 5))).isEmpty();
            assertThat(reader.changed(file("base/16391/112", 5))).contains(bits());
            assertThat(reader.changed(file("pg_tblspc/16400/PG_17_1/16390/112", 5)))
                    .contains(bits());
            assertThat(reader.changed(file("pg_tblspc/16400/PG_17_1/5/112", 5))).isEmpty();
        }
    }

    @Test
    void hundredThousandsOfRelationsStayInTheTemporaryFile() {
        int relations = 200_000;
        try (ChangedWindows changes = list(c -> {
            for (int i = 0; i < relations; i++) {
                c.window("base/5/" + (1_000_000 + i), i % 50);
            }
        })) {
            ChangedWindows.Reader reader = changes.read();
            for (int i = 0; i < relations; i++) {
                Optional<BitSet> changed = reader.changed(file("base/5/" + (1_000_000 + i), 5));
                if (i % 1000 == 0) {
                    assertThat(changed).contains(bits(i % 50));
                }
            }
        }
    }

    @Test
    void aListOutOfOrderIsAMistake() {
        try (ChangedWindows changes = new ChangedWindows(directory, SEGMENT_PAGES)) {
            changes.window("base/5/2", 1);
            assertThatThrownBy(() -> changes.window("base/5/1", 1)).isInstanceOf(IllegalStateException.class);
        }
    }
}
