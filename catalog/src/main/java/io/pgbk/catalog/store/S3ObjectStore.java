package io.pgbk.catalog.store;

/** Objects in an S3 bucket. */
abstract class S3ObjectStore implements ObjectStore {
    private S3ObjectStore() {}

    static ObjectStore open(S3StoreConfig config) {
        if (config.attempts() > 0) {
            throw new UnsupportedOperationException(config.displayName());
        }
        throw new IllegalStateException();
    }
}
