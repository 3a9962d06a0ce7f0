package io.pgbk.cli.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SymbolStripperTest {
    private static final int SYMBOL_TABLE = 2;
    private static final int NO_BITS = 8;
    private static final long IN_MEMORY = 2;

    /** A line of the table of sections. */
    private record Line(int type, long flags, long address, long offset, long size) {}

    private static Path library(String name) {
        return Path.of(System.getProperty("java.home"), "lib", name);
    }

    @Test
    void whatIsLoadedIntoMemoryStaysWhereItIsAndAsItIs() throws Exception {
        byte[] before = Files.readAllBytes(library("libnet.so"));

        byte[] after = SymbolStripper.strip(before);

        List<Line> loaded = lines(before).stream()
                .filter(line -> (line.flags() & IN_MEMORY) != 0)
                .toList();
        assertThat(lines(after).stream().filter(line -> (line.flags() & IN_MEMORY) != 0))
                .containsExactlyElementsOf(loaded);
        for (Line line : loaded) {
            if (line.type() != NO_BITS) {
                int from = Math.toIntExact(line.offset());
                int to = Math.toIntExact(line.offset() + line.size());
                assertThat(Arrays.equals(before, from, to, after, from, to))
                        .as(line.toString())
                        .isTrue();
            }
        }
    }

    @Test
    void theSymbolTableGoesAndASecondTimeChangesNothing() throws Exception {
        byte[] after = SymbolStripper.strip(Files.readAllBytes(library("libnet.so")));

        assertThat(lines(after)).noneMatch(line -> line.type() == SYMBOL_TABLE);
        assertThat(SymbolStripper.strip(after)).isEqualTo(after);
    }

    @Test
    void everyLibraryAndProgramInAFolderIsStrippedAndOtherFilesAreLeft(@TempDir Path folder) throws Exception {
        Path text = Files.writeString(folder.resolve("readme"), "text");
        Path empty = Files.createFile(folder.resolve("empty"));
        Path below = Files.createDirectory(folder.resolve("below"));
        try (Stream<Path> libraries = Files.list(library("."))) {
            for (Path library :
                    libraries.filter(path -> path.toString().endsWith(".so")).toList()) {
                Files.copy(library, below.resolve(library.getFileName()));
            }
        }
        Files.copy(library("../bin/java"), below.resolve("java"));

        SymbolStripper.stripAll(folder);

        assertThat(text).hasContent("text");
        assertThat(empty).isEmptyFile();
        try (Stream<Path> stripped = Files.list(below)) {
            for (Path file : stripped.toList()) {
                assertThat(lines(Files.readAllBytes(file)))
                        .as(file.toString())
                        .isNotEmpty()
                        .noneMatch(line -> line.type() == SYMBOL_TABLE);
            }
        }
    }

    private static List<Line> lines(byte[] content) {
        ByteBuffer file = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        List<Line> lines = new ArrayList<>();
        int table = Math.toIntExact(file.getLong(40));
        for (int i = 0; i < file.getShort(60); i++) {
            int line = table + i * 64;
            lines.add(new Line(
                    file.getInt(line + 4),
                    file.getLong(line + 8),
                    file.getLong(line + 16),
                    file.getLong(line + 24),
                    file.getLong(line + 32)));
        }
        return lines;
    }
}
