package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;

/** The store itself said that there is no object under this key. Never thrown for any other failure. */
public final class ObjectMissingException extends PgbkException {
    private static final long serialVersionUID = 1L;

    private final String key;

    public ObjectMissingException(String key, String storeName) {
        super(ErrorCode.OBJECT_MISSING, "object " + key + " does not exist in " + storeName);
        this.key = key;
    }

    /** The key that was asked for. */
    public String key() {
        return key;
    }
}
