package io.pgbk.catalog.format;

import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.PgbkException;
import java.util.function.Supplier;

/**
 * Reading from stores that keep several contents under one key: what is not authentic is passed over and the next one is
 * read, so that whoever can write but has no key cannot hide an object. Costs nothing until something is damaged.
 */
public final class Authentic {
    private Authentic() {}

    /**
     * Reads what lies under a key; repeats the reading for each further content while it fails because the content is
     * not authentic.
     *
     * @param reading reads and checks; run again from its beginning for each content
     * @throws PgbkException what the reading throws for the last content
     */
    public static <T> T read(ObjectStore store, String key, Supplier<T> reading) {
        while (true) {
            int number = store.contentNumber(key);
            try {
                return reading.get();
            } catch (PgbkException e) {
                if (!isOther(e) || !store.passOver(key, number)) {
                    throw e;
                }
            }
        }
    }

    /** Whether a failure says that what was read is not what pgbk stored under the key. */
    public static boolean isOther(PgbkException failure) {
        return switch (failure.code()) {
            case OBJECT_DAMAGED, KEY_WRONG, ENCRYPTION_MISMATCH, FORMAT_TOO_NEW -> true;
            default -> false;
        };
    }
}
