package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.manifest.ManifestWriter;
import io.pgbk.catalog.repository.layout.Label;

/**
 * A backup that is being taken. In the background it renews the cluster's backup lease and writes signs of life. Safe
 * for use by many threads but for {@link #commit} and {@link #close()}, which one thread calls.
 */
public interface BackupWriter extends AutoCloseable {
    Label label();

    /**
     * The key below the prefix of this backup's pack with that number: what a
     * {@link io.pgbk.catalog.format.pack.PackTable} is made with.
     */
    String packKey(int number);

    /**
     * The key below the prefix under which the manifest must be uploaded before {@link #commit}: of several attempts at one
     * copy each has a key of its own.
     */
    String manifestKey();

    /**
     * Called now and then by the work.
     *
     * @throws io.pgbk.error.PgbkException HELD_BY_ANOTHER when the lease was lost, REPOSITORY_UNREACHABLE when no sign of
     *     life could be written for an hour
     */
    void checkAlive();

    /**
     * Asks the repository, not only this process's memory: called right before something is stored or removed under a
     * name that another process would use too, had it taken the label over while this one slept.
     *
     * @throws io.pgbk.error.PgbkException as {@link #checkAlive}
     */
    void proveAlive();

    /**
     * Commits: proves that every referenced pack is there with its length, that the archive holds all WAL from start to
     * stop, and that the lease still holds; then creates the summary exclusively. A copy may find that another attempt has
     * committed meanwhile, one that slept past its lease or one that took this one over: then it is copied.
     *
     * @return the backup as it is listed
     * @throws io.pgbk.error.PgbkException OBJECT_MISSING, OBJECT_DAMAGED, WAL_GAP (naming the first missing segment),
     *     HELD_BY_ANOTHER; nothing is listed then
     */
    BackupRecord commit(BackupFacts facts, ManifestWriter.ManifestRef manifest);

    /**
     * Without a commit before it, ends the backup and removes what it stored, as far as that is possible; of a copy only the
     * manifest, since the next attempt goes on with the packs.
     */
    @Override
    void close();
}
