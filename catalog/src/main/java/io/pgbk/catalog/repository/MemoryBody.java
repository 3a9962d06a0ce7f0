package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.store.ObjectBody;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A small object's bytes in memory. */
final class MemoryBody implements ObjectBody {
    private final byte[] content;
    private final byte[] sha256;

    MemoryBody(Bytes content) {
        this.content = content.toArray();
        try {
            this.sha256 = MessageDigest.getInstance("SHA-256").digest(this.content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
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
        return sha256.clone();
    }
}
