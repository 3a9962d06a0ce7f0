package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pieces of files past the cache, through it, and from one to the other. */
class PieceWriterTest {
    private static final OpenOption UNKNOWN = new OpenOption() {};

    @TempDir
    @Nullable Path temporary;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.close();
    }

    private static void nothing(String change) {}

    private Path file(String name) {
        if (temporary == null) {
            throw new IllegalStateException();
        }
        return temporary.resolve(name);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whateverTheOrderSizeAndPlaceOfThePiecesTheFilesAreWhole(boolean pastTheCache) throws IOException {
        for (int seed = 0; seed < 5; seed++) {
            Random random = new Random(seed);
            Disk disk = pastTheCache
                    ? new Disk(null, PieceWriterTest::nothing)
                    : new Disk(null, PieceWriterTest::nothing, UNKNOWN);
            List<byte[]> contents = new ArrayList<>();
            record Part(int file, int from, int to) {}
            List<Part> parts = new ArrayList<>();
            for (int file = 0; file < 3; file++) {
                byte[] content = new byte[random.nextInt(6 << 20) / (file == 1 ? 1 : 8192) * (file == 1 ? 1 : 8192)];
                random.nextBytes(content);
                contents.add(content);
                for (int at = 0; at < content.length; ) {
                    int most = random.nextBoolean() ? 3 << 20 : 100_000;
                    int length = 1 + random.nextInt(most);
                    int to = Math.min(content.length, random.nextInt(4) == 0 ? at + length : at + (length | 4095) + 1);
                    parts.add(new Part(file, at, to));
                    at = to;
                }
            }
            Collections.shuffle(parts, random);
            try (PieceWriter writer = new PieceWriter(disk, new AlignedBuffers(), threads)) {
                for (Part part : parts) {
                    byte[] scratch = Arrays.copyOfRange(contents.get(part.file), part.from, part.to);
                    writer.write(file(seed + "-" + part.file), 0600, part.from, scratch, 0, scratch.length);
                    // What was handed over is the caller's again.
                    random.nextBytes(scratch);
                }
            }
            for (int file = 0; file < 3; file++) {
                if (contents.get(file).length > 0) {
                    assertThat(Files.readAllBytes(file(seed + "-" + file))).isEqualTo(contents.get(file));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void aWriteThatFailsInTheBackgroundFailsTheTask(int failing) {
        AtomicInteger writes = new AtomicInteger();
        Disk disk = new Disk(null, change -> {
            if (change.equals("write") && writes.incrementAndGet() == failing) {
                throw new UncheckedIOException(new IOException("input/output error"));
            }
        });
        byte[] content = new byte[6 << 20];
        assertThatThrownBy(() -> {
                    try (PieceWriter writer = new PieceWriter(disk, new AlignedBuffers(), threads)) {
                        for (int at = 0; at < content.length; at += 1 << 20) {
                            writer.write(file("f"), 0600, at, content, at, 1 << 20);
                        }
                    }
                })
                .hasMessageContaining("input/output error");
    }

    @Test
    void placesThatTheFileSystemRefusesAreWrittenThroughTheCache() throws IOException {
        Disk disk = new Disk(null, PieceWriterTest::nothing);
        try (FileChannel channel = disk.openDirect(file("f"), 0600)) {
            if (channel == null) {
                // This file system has no way past the cache at all.
                return;
            }
            assertThat(disk.writeDirect(channel, ByteBuffer.allocateDirect(100), 7))
                    .isFalse();
        }
        assertThat(disk.openDirect(file("g"), 0600)).as("not tried again").isNull();
    }

    @Test
    void aWriterThatGetsNoThreadFailsAndWaitsForNothing() {
        // Another way than past the cache, which every file system has.
        Disk disk = new Disk(null, PieceWriterTest::nothing, StandardOpenOption.DSYNC);
        AtomicInteger asked = new AtomicInteger();
        assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> assertThatThrownBy(() -> {
                            try (PieceWriter writer = new PieceWriter(disk, new AlignedBuffers(), task -> {
                                asked.incrementAndGet();
                                throw new OutOfMemoryError("unable to create native thread");
                            })) {
                                writer.write(file("f"), 0600, 0, new byte[1 << 20], 0, 1 << 20);
                            }
                        })
                        .isInstanceOf(OutOfMemoryError.class)
                        .hasMessage("unable to create native thread"));
        assertThat(asked).hasValue(1);
    }
}
