package io.pgbk.catalog.repository.wal;

import io.pgbk.error.PgbkException;

/** Tells an object of an archive that cannot be read from a store that cannot be asked. */
public final class UnreadableWal {
    private UnreadableWal() {}

    /** Whether a failure is about the content of one object, and says nothing about the others. */
    public static boolean isMeant(PgbkException failure) {
        return switch (failure.code()) {
            case OBJECT_DAMAGED,
                    OBJECT_MISSING,
                    WAL_INVALID,
                    OTHER_CLUSTER,
                    FORMAT_TOO_NEW,
                    KEY_WRONG,
                    ENCRYPTION_MISMATCH -> true;
            default -> false;
        };
    }
}
