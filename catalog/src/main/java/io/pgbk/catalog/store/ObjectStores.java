package io.pgbk.catalog.store;

import io.pgbk.task.BufferPool;

/** Opens object stores. */
public final class ObjectStores {
    private ObjectStores() {}

    /**
     * Opens the store of a configuration. Nothing is asked of a remote store yet.
     *
     * @throws io.pgbk.error.PgbkException CONFIGURATION when a file that the configuration names is unusable,
     *     REPOSITORY_NOT_INITIALISED when the directory of a directory store is missing
     */
    public static ObjectStore open(StoreConfig config) {
        return open(config, new BufferPool(BufferPool.DEFAULT_LIMIT_BYTES));
    }

    /**
     * As {@link #open(StoreConfig)}.
     *
     * @param buffers the process's large buffers
     */
    public static ObjectStore open(StoreConfig config, BufferPool buffers) {
        return switch (config) {
            case DirectoryStoreConfig directory -> DirectoryObjectStore.open(directory);
            case S3StoreConfig s3 -> S3ObjectStore.open(s3, buffers);
        };
    }
}
