package io.pgbk.catalog.store;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;

/** A body that lies in memory: a range of an array, which must not change while the body is in use. */
public final class BytesBody implements ObjectBody {
    private final byte[] bytes;
    private final int offset;
    private final int length;
    private byte @org.jspecify.annotations.Nullable [] digest;

    public BytesBody(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    public BytesBody(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes, offset, length);
    }

    @Override
    public synchronized byte[] sha256() {
        byte[] known = digest;
        if (known == null) {
            try {
                MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
                sha256.update(bytes, offset, length);
                known = sha256.digest();
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
            digest = known;
        }
        return known.clone();
    }
}
