package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.store.ObjectBody;

/** An encoded object that gives the same bytes at every reading until it is closed. */
public interface EncodedObject extends ObjectBody, AutoCloseable {
    /** Releases memory or removes the temporary file. */
    @Override
    void close();
}
