package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.ScratchFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/** The decoded content of a WAL object on its way into another archive, in a file without a name. */
final class RawWal implements ObjectBody, AutoCloseable {
    private final ScratchFile file;
    private final long length;
    private final byte[] sha256;

    private RawWal(ScratchFile file, long length, byte[] sha256) {
        this.file = file;
        this.length = length;
        this.sha256 = sha256;
    }

    /** Decodes and checks the object. */
    static RawWal read(WalArchive archive, WalObject object, Path temporaryDirectory) {
        try {
            ScratchFile file = ScratchFile.create(temporaryDirectory);
            try {
                MessageDigest digest = Digests.sha256();
                long length;
                try (OutputStream output =
                        new DigestOutputStream(new BufferedOutputStream(file.output(), 1 << 16), digest)) {
                    length = archive.read(object, output);
                }
                return new RawWal(file, length, digest.digest());
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.NO_SPACE,
                    "cannot write a temporary file in " + temporaryDirectory + ": " + e.getMessage(),
                    "Make room there or name another temporary directory.",
                    e);
        }
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public InputStream open() {
        return new BufferedInputStream(file.input(), 1 << 16);
    }

    @Override
    public byte[] sha256() {
        return sha256.clone();
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
