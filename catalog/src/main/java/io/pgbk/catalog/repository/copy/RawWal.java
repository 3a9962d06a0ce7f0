package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/** The decoded content of a WAL object on its way into another archive, in a file that only the owner can read. */
final class RawWal implements ObjectBody, AutoCloseable {
    private final Path file;
    private final long length;
    private final byte[] sha256;

    private RawWal(Path file, long length, byte[] sha256) {
        this.file = file;
        this.length = length;
        this.sha256 = sha256;
    }

    /** Decodes and checks the object. */
    static RawWal read(WalArchive archive, WalObject object, Path temporaryDirectory) {
        Path file = create(temporaryDirectory);
        try {
            MessageDigest digest = Digests.sha256();
            try (OutputStream output =
                    new DigestOutputStream(new BufferedOutputStream(Files.newOutputStream(file)), digest)) {
                archive.read(object, output);
            }
            return new RawWal(file, Files.size(file), digest.digest());
        } catch (IOException e) {
            remove(file);
            throw full(temporaryDirectory, e);
        } catch (RuntimeException e) {
            remove(file);
            throw e;
        }
    }

    private static Path create(Path directory) {
        try {
            return Files.createTempFile(
                    directory,
                    "pgbk-copy-",
                    ".tmp",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (IOException e) {
            throw full(directory, e);
        }
    }

    private static PgbkException full(Path directory, IOException cause) {
        return new PgbkException(
                ErrorCode.NO_SPACE,
                "cannot write a temporary file in " + directory + ": " + cause.getMessage(),
                "Make room there or name another temporary directory.",
                cause);
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public InputStream open() throws IOException {
        return Files.newInputStream(file);
    }

    @Override
    public byte[] sha256() {
        return sha256.clone();
    }

    @Override
    public void close() {
        remove(file);
    }
}
