package io.pgbk.catalog.format.envelope;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.store.ObjectBody;
import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** An object's bytes in memory. */
public final class StoredBytes implements ObjectBody {
    private final byte[] content;
    private final Bytes sha256;

    /** Takes the array over. */
    StoredBytes(byte[] content, Bytes sha256) {
        this.content = content;
        this.sha256 = sha256;
    }

    /** The body of a document such as repository.json; takes a copy. */
    public static StoredBytes of(byte[] content) {
        return new StoredBytes(content.clone(), Bytes.of(Digests.sha256(content)));
    }

    @Override
    public long length() {
        return content.length;
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(content);
    }

    @Override
    public byte[] sha256() {
        return sha256.toArray();
    }
}
