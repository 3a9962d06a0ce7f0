package io.pgbk.postgres.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileNamesTest {
    @Test
    void everyByteButSlashAndNulCanBeInAFileName(@TempDir Path directory) throws IOException {
        for (int b = 1; b < 256; b++) {
            if (b != '/') {
                Files.writeString(FileNames.resolve(directory, "x" + (char) b), Integer.toString(b));
            }
        }
        List<Integer> seen = new ArrayList<>();
        try (var entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                String characters = FileNames.characters(entry.getFileName());
                seen.add((int) characters.charAt(1));
                assertThat(Files.readString(entry)).isEqualTo(Integer.toString(characters.charAt(1)));
            }
        }
        Path nested = FileNames.toPath(FileNames.characters(directory) + "/d\u00ff//x y%\u00e9");
        Files.createDirectories(nested);
        assertThat(FileNames.characters(nested)).isEqualTo(directory + "/d\u00ff/x y%\u00e9");
        assertThat(FileNames.characters(directory.relativize(nested))).isEqualTo("d\u00ff/x y%\u00e9");
        assertThat(FileNames.toPath("d\u00ff/x y%\u00e9")).isEqualTo(directory.relativize(nested));
        assertThat(seen).hasSize(254).doesNotHaveDuplicates();
    }

    @Test
    void whatAPersonWroteIsFoundUnderItsUtf8Bytes(@TempDir Path directory) throws IOException {
        String text = directory + "/größe 漢字";
        Path path = FileNames.fromText(text);
        Files.createFile(path);
        byte[] bytes = FileNames.characters(path).getBytes(StandardCharsets.ISO_8859_1);
        assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(text);
        assertThat(FileNames.display(path)).isEqualTo(text);
    }

    @Test
    void bytesThatAreNotUtf8AndControlCharactersAreShownInHex() {
        assertThat(FileNames.display("a\u00ffb\nc\u00c3\u00a4\u00c3")).isEqualTo("a\\xffb\\x0acä\\xc3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "a/", "/a", "a//b", ".", "..", "a/../b", "a/.", "a\0", "\u0100"})
    void pathsThatLeadElsewhereAreRefused(String characters) {
        assertThat(RelativePath.isAllowed(characters)).isFalse();
        assertThatThrownBy(() -> new RelativePath(characters)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a/b", "...", "..a", ".a/.b", "a/..b/c."})
    void otherPathsAreAllowed(String characters) {
        assertThat(new RelativePath(characters).characters()).isEqualTo(characters);
    }

    @Test
    void manyNamesAreSortedByTheirBytes() {
        Random random = new Random(7);
        List<String> names = new ArrayList<>();
        NameList list = new NameList();
        for (int i = 0; i < 20_000; i++) {
            StringBuilder name = new StringBuilder();
            int length = 1 + random.nextInt(12);
            for (int j = 0; j < length; j++) {
                name.append((char) (1 + random.nextInt(255)));
            }
            names.add(name.toString());
            list.add(name.toString());
        }
        list.sort();
        names.sort(null);
        List<String> sorted = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            sorted.add(list.get(i));
        }
        assertThat(sorted).isEqualTo(names);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "01",
                "1.0",
                "1.01",
                "1.",
                "1_",
                "1_xyz",
                "_fsm",
                "",
                "4294967296",
                "99999999999",
                "1x",
                "1_fsm.",
                "1.1_fsm",
                "1.99999999999",
                "t1_1",
                "pg_filenode.map"
            })
    void otherNamesAreNoRelations(String name) {
        assertThat(RelationFile.parse(name)).isEmpty();
    }

    @Test
    void relationNamesAreUnderstood() {
        assertThat(RelationFile.parse("4294967295_init.3")).contains(new RelationFile(-1, RelationFile.Fork.INIT, 3));
        assertThat(RelationFile.isTemporary("t12_345_fsm.1")).isTrue();
        assertThat(RelationFile.isTemporary("t12_")).isFalse();
        assertThat(RelationFile.isTemporary("t_345")).isFalse();
        assertThat(RelationFile.isTemporary("t12")).isFalse();
    }
}
