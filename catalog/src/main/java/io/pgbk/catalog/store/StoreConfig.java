package io.pgbk.catalog.store;

/** Where a repository lies and how to reach it. */
public sealed interface StoreConfig permits DirectoryStoreConfig, S3StoreConfig {
    /** How people name the place, without secrets, for example {@code s3://backups/pg}. */
    String displayName();
}
