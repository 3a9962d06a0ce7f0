package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.SecureRandom;

/** Encodes WAL files (segments, partial segments, histories, backup histories) as objects and decodes them. */
@SuppressWarnings("DoNotCallSuggester")
public final class WalObjectCodec {
    /** @param compression of frames */
    public WalObjectCodec(KeyRing ring, Compression compression, SecureRandom random) {
        throw new UnsupportedOperationException("" + ring + compression + random);
    }

    /**
     * Encodes a file. The result is kept in memory up to 64 MiB, beyond that in a temporary file.
     *
     * @param path the object's key below the prefix
     * @param raw the file's content, read once, exactly {@code info.rawLength()} bytes
     * @param info with the SHA-256 that the validating first reading gave
     * @param temporaryDirectory for results over 64 MiB
     * @throws io.pgbk.error.PgbkException WAL_INVALID when length or SHA-256 of what is read differ from the info: the
     *     file changed meanwhile
     * @throws IOException when reading or spooling fails
     */
    public EncodedObject encode(String path, InputStream raw, WalObjectInfo info, Path temporaryDirectory)
            throws IOException {
        throw new UnsupportedOperationException("" + path + raw + info + temporaryDirectory);
    }

    /**
     * Reads an object front to back in one request, writes the raw file into the sink and checks everything. Nothing
     * that the sink got may be used before this returns.
     *
     * @param length stored bytes
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG
     */
    public WalObjectInfo decode(ObjectStore store, String path, long length, ByteSink sink) {
        throw new UnsupportedOperationException("" + store + path + length + sink);
    }

    /** As {@link #decode(ObjectStore, String, long, ByteSink)} for an object that is in memory. */
    public WalObjectInfo decode(String path, byte[] object, ByteSink sink) {
        throw new UnsupportedOperationException("" + path + object.length + sink);
    }

    /** Reads the first bytes of an object only. */
    public WalObjectHeader readHeader(ObjectStore store, String path) {
        throw new UnsupportedOperationException("" + store + path);
    }

    /**
     * Whether the object with this header holds a file with this content.
     *
     * @throws io.pgbk.error.PgbkException KEY_WRONG when the key set lacks the header's epoch
     */
    public boolean isSame(WalObjectHeader header, long rawLength, Bytes rawSha256) {
        throw new UnsupportedOperationException("" + header + rawLength + rawSha256);
    }

    /**
     * Reads what the object says about its file, by a read of its start and a read of its end; checked.
     *
     * @param length stored bytes
     */
    public WalObjectInfo readInfo(ObjectStore store, String path, long length) {
        throw new UnsupportedOperationException("" + store + path + length);
    }
}
