package io.pgbk.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchFileTest {
    @TempDir
    Path directory;

    @Test
    void whatWasWrittenIsReadByEveryReaderAndNoNameIsLeftForAKilledProcess() throws Exception {
        byte[] content = new byte[200_001];
        new Random(1).nextBytes(content);
        content[0] = (byte) 0xff;
        try (ScratchFile file = ScratchFile.create(directory)) {
            assertThat(directory).isEmptyDirectory();
            try (OutputStream output = file.output()) {
                output.write(content[0]);
                output.write(content, 1, content.length - 1);
            }
            try (InputStream first = file.input();
                    InputStream second = file.input()) {
                assertThat(first.read()).isEqualTo(0xff);
                assertThat(second.readAllBytes()).isEqualTo(content);
                assertThat(first.readAllBytes()).hasSize(content.length - 1);
                assertThat(first.read()).isEqualTo(-1);
            }
        }
    }

    @Test
    void aDirectoryThatIsNotThereIsAnError() {
        assertThatIOException()
                .isThrownBy(() -> ScratchFile.create(
                        Files.createTempDirectory(directory, "x").resolve("absent")));
    }
}
