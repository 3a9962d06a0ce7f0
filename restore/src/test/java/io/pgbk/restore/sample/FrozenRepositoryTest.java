package io.pgbk.restore.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.postgres.WalFileName;
import io.pgbk.restore.get.GetResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two complete repositories of format 1 (see {@link SampleRepository}), kept under src/test/resources/format-1 as they
 * were written and never made again: every later version must open, verify and restore them, and find in them what the
 * list of digests beside them says.
 */
class FrozenRepositoryTest {
    @TempDir
    Path directory;

    private static Path unpack(boolean encrypted, Path directory) throws IOException {
        Path repository = Files.createDirectories(directory.resolve("repository"));
        try (ZipInputStream zip = new ZipInputStream(resource(name(encrypted) + ".zip"))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                Path file = repository.resolve(entry.getName());
                Files.createDirectories(file.getParent());
                Files.write(file, zip.readAllBytes());
            }
        }
        return repository;
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(FrozenRepositoryTest.class.getResourceAsStream("/format-1/" + name), name);
    }

    private static String name(boolean encrypted) {
        return encrypted ? "encrypted" : "plain";
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRepositoryOfFormatOneIsVerifiedAndRestoredForEver(boolean encrypted) throws IOException {
        Path repository = unpack(encrypted, directory);
        ClusterCatalog cluster = SampleRepository.open(repository, encrypted);
        assertThat(SampleUse.verify(cluster).findings()).isEmpty();
        assertThat(digests(cluster, directory))
                .isEqualTo(new String(resource(name(encrypted) + ".sha256").readAllBytes(), StandardCharsets.US_ASCII));
        List<BackupRecord> backups = cluster.backups().list();
        assertThat(backups).hasSize(2);
        assertThat(backups.getFirst().pinned()).isTrue();
        assertThat(backups.getFirst().annotations())
                .containsEntry("ticket", "4711")
                .containsEntry("number", "1");
        assertThat(cluster.holds().list()).hasSize(1);
        assertThat(cluster.backups().running()).hasSize(1);
        assertThat(SampleUse.get(cluster, "000000020000000000000006", directory.resolve("data")))
                .isInstanceOf(GetResult.Delivered.class);
        cluster.repository().close();
    }

    /** SHA-256 of every restored file and of every WAL file as it is delivered, one a line. */
    private static String digests(ClusterCatalog cluster, Path directory) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        int number = 0;
        for (BackupRecord backup : cluster.backups().list()) {
            Path target = directory.resolve("restored" + ++number);
            SampleUse.restore(cluster, backup.label(), target);
            SampleUse.assertRestored(target, number);
            for (String path : SampleRepository.files(number).keySet()) {
                // Written otherwise than it was: with the settings of this restore.
                if (!path.endsWith(".conf")) {
                    digests.put(backup.label() + "/" + path, sha256(Files.readAllBytes(target.resolve(path))));
                }
            }
        }
        for (String file : List.of(
                "000000010000000000000001",
                "000000010000000000000002",
                "000000010000000000000002.00000028.backup",
                "000000010000000000000003",
                "000000010000000000000004",
                "000000010000000000000005.partial",
                "00000002.history",
                "000000020000000000000005",
                "000000020000000000000006")) {
            WalFileName name = WalFileName.parse(file).orElseThrow();
            WalArchive wal = cluster.wal(cluster.newestIncarnation());
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            wal.read(wal.find(name).orElseThrow(), content);
            digests.put(file, sha256(content.toByteArray()));
        }
        StringBuilder text = new StringBuilder();
        digests.forEach(
                (file, digest) -> text.append(digest).append("  ").append(file).append('\n'));
        return text.toString();
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Made them once; refuses to replace them. Arguments: the folder format-1, an empty folder. */
    static void main(String[] arguments) throws IOException {
        for (boolean encrypted : new boolean[] {true, false}) {
            Path made = Path.of(arguments[1], name(encrypted));
            SampleRepository.make(made, encrypted);
            Path zip = Path.of(arguments[0], name(encrypted) + ".zip");
            Files.createDirectories(zip.getParent());
            try (OutputStream file = Files.newOutputStream(zip, StandardOpenOption.CREATE_NEW);
                    ZipOutputStream out = new ZipOutputStream(file);
                    Stream<Path> files = Files.walk(made)) {
                for (Path path : files.filter(Files::isRegularFile).sorted().toList()) {
                    out.putNextEntry(new ZipEntry(made.relativize(path).toString()));
                    out.write(Files.readAllBytes(path));
                    out.closeEntry();
                }
            }
            ClusterCatalog cluster = SampleRepository.open(made, encrypted);
            Files.writeString(
                    Path.of(arguments[0], name(encrypted) + ".sha256"),
                    digests(cluster, Path.of(arguments[1], name(encrypted) + "-restored")));
            cluster.repository().close();
        }
    }
}
