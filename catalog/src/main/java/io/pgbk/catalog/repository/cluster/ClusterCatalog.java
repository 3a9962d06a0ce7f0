package io.pgbk.catalog.repository.cluster;

import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.repository.wal.WalArchive;
import java.util.List;

/** Everything that one repository knows about one cluster. Safe for use by many threads. */
@SuppressWarnings("DoNotCallSuggester")
public final class ClusterCatalog {
    /** The catalogue of a cluster, which may not exist yet; makes no request. */
    public ClusterCatalog(Repository repository, ClusterName cluster) {
        throw new UnsupportedOperationException();
    }

    public Repository repository() {
        throw new UnsupportedOperationException();
    }

    public ClusterName name() {
        throw new UnsupportedOperationException();
    }

    /** All incarnations, oldest first; empty when the cluster is not here. */
    public List<Incarnation> incarnations() {
        throw new UnsupportedOperationException();
    }

    /**
     * The incarnation of a server.
     *
     * @throws io.pgbk.error.PgbkException OTHER_CLUSTER, naming both identities; REPOSITORY_NOT_INITIALISED when the
     *     cluster has no incarnation
     */
    public Incarnation incarnationOf(ServerIdentity server) {
        throw new UnsupportedOperationException();
    }

    /**
     * The incarnation with a system identifier, for files that say no more.
     *
     * @param systemIdentifier unsigned
     */
    public Incarnation incarnationOf(long systemIdentifier) {
        throw new UnsupportedOperationException();
    }

    /**
     * The newest incarnation.
     *
     * @throws io.pgbk.error.PgbkException REPOSITORY_NOT_INITIALISED when there is none
     */
    public Incarnation newestIncarnation() {
        throw new UnsupportedOperationException();
    }

    /**
     * The incarnation with this number.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_MISSING when there is none
     */
    public Incarnation incarnation(int number) {
        throw new UnsupportedOperationException();
    }

    /**
     * Creates the cluster's first incarnation, or finds the server's.
     *
     * @throws io.pgbk.error.PgbkException OTHER_CLUSTER when the cluster has incarnations and none is the server's
     */
    public Joined join(ServerIdentity server) {
        throw new UnsupportedOperationException();
    }

    /**
     * Adds an incarnation after pg_upgrade, or finds the server's.
     *
     * @throws io.pgbk.error.PgbkException REFUSED_BY_POLICY while the newest incarnation archived within the last hour,
     *     or when it has the same or a newer major version
     */
    public Joined upgrade(ServerIdentity server) {
        throw new UnsupportedOperationException();
    }

    public BackupCatalog backups() {
        throw new UnsupportedOperationException();
    }

    public WalArchive wal(Incarnation incarnation) {
        throw new UnsupportedOperationException();
    }

    public Holds holds() {
        throw new UnsupportedOperationException();
    }

    public Leases leases() {
        throw new UnsupportedOperationException();
    }

    /**
     * The incarnation that a server belongs to from now on.
     *
     * @param created false when it was there already
     */
    public record Joined(Incarnation incarnation, boolean created) {}
}
