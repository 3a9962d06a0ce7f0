package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.manifest.EntrySorter;
import io.pgbk.catalog.format.manifest.Extent;
import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.ManifestFacts;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.catalog.format.manifest.WindowDigester;
import io.pgbk.catalog.format.manifest.WindowDigests;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.DataDirectoryWalk;
import io.pgbk.postgres.files.SourceDirectory;
import io.pgbk.postgres.files.SourceEntry;
import io.pgbk.postgres.files.SourceFile;
import io.pgbk.postgres.files.WalkOptions;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Memory does not grow with the number of files: a process with a heap of 48 MiB walks a directory with 100,000 files
 * in one database, sorts and writes a manifest of these and 100,000 more (some 30 MB of entries, 50 MB as objects), and surveys it as a
 * restore does. The same by hand with a million: {@code -Dpgbk.long=true}.
 */
class BoundedMemoryTest {
    private static final String HEAP = "-Xmx48m";
    private static final int WALKED = 100_000;

    @Test
    void memoryStaysBoundedWithHundredsOfThousandsOfFiles() throws IOException, InterruptedException {
        int more = Boolean.getBoolean("pgbk.long") ? 1_000_000 : 100_000;
        Path data = AsPostgres.temporaryDirectory("many-");
        Path repository = AsPostgres.temporaryDirectory("repo-");
        Path output = Files.createTempFile("pgbk-many", ".txt");
        try {
            for (String directory : List.of("global", "pg_wal", "base/16384")) {
                Files.createDirectories(data.resolve(directory));
            }
            Files.write(data.resolve("global/pg_control"), new byte[8192]);
            for (int i = 0; i < WALKED; i++) {
                Files.createFile(data.resolve("base/16384").resolve(Integer.toString(20_000 + i)));
            }
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            HEAP,
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Dsun.jnu.encoding=ISO-8859-1",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("java.class.path"),
                            BoundedMemoryTest.class.getName(),
                            data.toString(),
                            repository.toString(),
                            Integer.toString(more))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            int exit = process.waitFor();
            assertThat(Files.readString(output)).contains("surveyed " + (WALKED + more + 1) + " files");
            assertThat(exit).isZero();
        } finally {
            Files.delete(output);
            AsPostgres.deleteTree(data);
        }
    }

    /** Data directory, repository, number of files that are only named. */
    public static void main(String[] arguments) {
        String key = "clusters/main/backups/20261121T031500Z-7k2f-full/manifest/1";
        try (Repository repository = RestoreSite.initialise(Path.of(arguments[1]));
                EntrySorter entries = new EntrySorter(Path.of(arguments[1]), 4 << 20)) {
            Extent.Frame frame = new Extent.Frame(0, 0, 64, 1000, FormatLimits.DEFAULT_FRAME_BYTES);
            byte[] page = new byte[8192];
            WindowDigester digester = new WindowDigester();
            digester.update(page, 0, page.length);
            WindowDigests digests = digester.finish();
            DataDirectoryWalk.walk(
                    Path.of(arguments[0]),
                    WalkOptions.of(18, 202506291),
                    entry -> entries.add(walked(entry, frame, digests)),
                    TaskMonitor.SILENT);
            for (int i = Integer.parseInt(arguments[2]); i > 0; i--) {
                entries.add(FileEntry.file(
                        Bytes.utf8("base/16385/" + (1_000_000 + i)),
                        0600,
                        i,
                        page.length,
                        List.of(new Extent.Stored(frame, 8192 * (i % 8), page.length)),
                        digests));
            }
            long length = write(repository, key, entries);
            try (ManifestReader manifest = ManifestReader.open(repository.store(), repository.keys(), key, length)) {
                ManifestSurvey survey = ManifestSurvey.of(manifest, key, TaskMonitor.SILENT);
                System.out.println("surveyed " + survey.files() + " files in a manifest of " + length + " bytes");
            }
        }
    }

    private static FileEntry walked(SourceEntry entry, Extent.Frame frame, WindowDigests digests) {
        Bytes path = Bytes.of(entry.path().bytes());
        return switch (entry) {
            case SourceFile file
            when file.size() > 0 ->
                FileEntry.file(path, file.mode(), 0, 8192, List.of(new Extent.Stored(frame, 0, 8192)), digests);
            case SourceFile file -> FileEntry.file(path, file.mode(), 0, 0, List.of(), WindowDigests.NONE);
            case SourceDirectory directory -> FileEntry.directory(path, directory.mode(), 0);
            default -> throw new IllegalStateException(entry.toString());
        };
    }

    private static long write(Repository repository, String key, EntrySorter entries) {
        List<PackRef> packs = List.of(
                new PackRef("clusters/main/packs/x/0", Bytes.of(new byte[68]), 1, Bytes.of(new byte[32]), 1, 1));
        ManifestFacts facts = new ManifestFacts(
                "20261121T031500Z-7k2f-full",
                "full",
                List.of(),
                1,
                1,
                18,
                1800,
                202506291,
                8192,
                1 << 20,
                PageChecksums.ON,
                false,
                new Lsn(1 << 20),
                1,
                new Lsn(2 << 20),
                1,
                Instant.EPOCH,
                Instant.EPOCH,
                Bytes.of("x".getBytes(StandardCharsets.UTF_8)),
                Optional.empty(),
                new TreeMap<>(),
                List.of(),
                List.of());
        try (ObjectUpload upload = repository.store().upload(key);
                ManifestWriter writer = new ManifestWriter(
                        ByteSink.of(upload),
                        repository.keys(),
                        key,
                        repository.runtime().compression(),
                        repository.runtime().random(),
                        facts,
                        packs)) {
            entries.sorted().forEachRemaining(writer::add);
            long length = writer.finish().length();
            upload.complete();
            return length;
        }
    }
}
