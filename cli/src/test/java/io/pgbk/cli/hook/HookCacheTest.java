package io.pgbk.cli.hook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HookCacheTest {
    @TempDir
    Path directory;

    private HookCache cache;
    private String digest;

    @BeforeEach
    void install() throws IOException {
        cache = new HookCache(directory.resolve("pgbk.jar"), directory.resolve("pgbk"), directory.resolve("release"));
        jar("one");
        Files.writeString(cache.launcher(), "#!/bin/sh");
        Files.writeString(cache.javaRelease(), "JAVA_VERSION=25.0.3");
        digest = cache.fileName();
    }

    @Test
    void aReplacedClassOfTheSameLengthAndTimeMakesAnotherDigest() throws IOException {
        FileTime time = Files.getLastModifiedTime(cache.jar());
        long length = Files.size(cache.jar());

        jar("two");
        Files.setLastModifiedTime(cache.jar(), time);

        assertThat(Files.size(cache.jar())).isEqualTo(length);
        assertThat(cache.fileName()).isNotEqualTo(digest);
    }

    @Test
    void otherFlagsAndAnotherJavaMakeAnotherDigest() throws IOException {
        Files.writeString(cache.launcher(), "#!/bin/sh -e");
        String otherFlags = cache.fileName();
        Files.writeString(cache.javaRelease(), "JAVA_VERSION=25.0.4");

        assertThat(otherFlags).isNotEqualTo(digest);
        assertThat(cache.fileName()).isNotEqualTo(digest).isNotEqualTo(otherFlags);
    }

    @Test
    void timesOfFilesAndTheirPlaceDoNotMatter() throws IOException {
        Files.setLastModifiedTime(cache.jar(), FileTime.fromMillis(1));
        Path moved = Files.move(cache.jar(), directory.resolve("moved.jar"));

        assertThat(new HookCache(moved, cache.launcher(), cache.javaRelease()).fileName())
                .isEqualTo(digest)
                .matches("pgbk-[0-9]+-[0-9a-f]{32}-[0-9a-f]{16}\\.aot");
    }

    /** What it reads last is a pipe, so that the check has certainly not ended when the signal comes. */
    @Test
    void aSignalInTheMiddleOfTheCheckDoesNotMakeTheCacheStale() throws Exception {
        byte[] release = Files.readAllBytes(cache.javaRelease());
        Files.delete(cache.javaRelease());
        assertThat(new ProcessBuilder("mkfifo", cache.javaRelease().toString())
                        .start()
                        .waitFor())
                .isZero();
        HookCache.Check check = cache.startCheck(digest);
        Thread writer = Thread.ofVirtual().unstarted(() -> write(release));

        Thread.currentThread().interrupt();
        writer.start();
        check.await();

        assertThat(Thread.interrupted()).as("the interruption is handed on").isTrue();
        writer.join();
    }

    private void write(byte[] release) {
        try {
            Thread.sleep(200);
            Files.write(cache.javaRelease(), release);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aHookSeesBesideItsWorkWhatTheCacheWasMadeFor() throws IOException {
        assertThat(cache.isMadeFor(digest)).isTrue();
        assertThat(cache.isMadeFor("")).isFalse();
        assertThat(cache.isMadeFor(digest.replace("pgbk-", "hooks-"))).isFalse();
        assertThat(cache.isMadeFor(digest.substring(0, digest.lastIndexOf('-')) + ".aot"))
                .isFalse();

        jar("two");
        assertThat(cache.isMadeFor(digest)).as("another program").isFalse();
        jar("one");
        assertThat(cache.isMadeFor(digest)).isTrue();
        Files.writeString(cache.launcher(), "#!/bin/sh -e");
        assertThat(cache.isMadeFor(digest)).as("another launcher").isFalse();
        Files.writeString(cache.launcher(), "#!/bin/sh");
        Files.writeString(cache.javaRelease(), "JAVA_VERSION=25.0.4");
        assertThat(cache.isMadeFor(digest)).as("another Java").isFalse();
    }

    @Test
    void whatIsNoJarHasNoDigest() throws IOException {
        Files.writeString(cache.jar(), "this is a text and certainly not a jar");

        assertThatThrownBy(cache::fileName).isInstanceOf(IOException.class).hasMessageContaining("pgbk.jar");
    }

    private void jar(String content) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(cache.jar()))) {
            ZipEntry entry = new ZipEntry("A.class");
            entry.setTime(0);
            zip.putNextEntry(entry);
            zip.write(content.getBytes(StandardCharsets.UTF_8));
            zip.closeEntry();
        }
    }
}
