package io.pgbk.catalog.repository.cluster;

import io.pgbk.catalog.repository.Background;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.lease.Leases;
import io.pgbk.catalog.repository.lease.StoredHolds;
import io.pgbk.catalog.repository.lease.StoredLeases;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Everything that one repository knows about one cluster. Safe for use by many threads. */
public final class ClusterCatalog {
    private static final Duration QUIET_BEFORE_UPGRADE = Duration.ofHours(1);

    private final Repository repository;
    private final ClusterName cluster;
    private final Incarnations incarnations;
    private final BackupCatalog backups;

    /** The catalogue of a cluster, which may not exist yet; makes no request. */
    public ClusterCatalog(Repository repository, ClusterName cluster) {
        this(repository, cluster, new Incarnations(repository, cluster));
    }

    private ClusterCatalog(Repository repository, ClusterName cluster, Incarnations incarnations) {
        this.repository = repository;
        this.cluster = cluster;
        this.incarnations = incarnations;
        this.backups = new BackupCatalog(repository, cluster);
    }

    /**
     * Opens a repository and reads the cluster's incarnations at the same time; closing the repository is the caller's.
     *
     * @throws PgbkException as {@link Repository#open}; the store stays open then. A failure to read the incarnations
     *     shows when they are first asked for.
     */
    public static ClusterCatalog open(
            ObjectStore store, EncryptionSettings encryption, RepositoryRuntime runtime, ClusterName cluster) {
        Background<List<Incarnations.Stored>> documents = Background.start(() -> Incarnations.fetch(store, cluster));
        Repository repository = Repository.open(store, encryption, runtime);
        return new ClusterCatalog(repository, cluster, new Incarnations(repository, cluster, documents::get));
    }

    public Repository repository() {
        return repository;
    }

    public ClusterName name() {
        return cluster;
    }

    /** All incarnations, oldest first; empty when the cluster is not here. */
    public List<Incarnation> incarnations() {
        return incarnations.list();
    }

    /**
     * The incarnation of a server.
     *
     * @throws PgbkException OTHER_CLUSTER, naming both identities; REPOSITORY_NOT_INITIALISED when the cluster has no
     *     incarnation
     */
    public Incarnation incarnationOf(ServerIdentity server) {
        return matchingOrFailure(known -> known.identity().equals(server), server.toString());
    }

    /**
     * The incarnation with a system identifier, for files that say no more.
     *
     * @param systemIdentifier unsigned
     * @throws PgbkException as {@link #incarnationOf(ServerIdentity)}
     */
    public Incarnation incarnationOf(long systemIdentifier) {
        return matchingOrFailure(
                known -> known.identity().systemIdentifier() == systemIdentifier,
                "system identifier " + Long.toUnsignedString(systemIdentifier));
    }

    /** An object that is no incarnation does not hide the one that is looked for. */
    private Incarnation matchingOrFailure(Predicate<Incarnation> wanted, String server) {
        Incarnations.Listing listing = incarnations.listing();
        Optional<Incarnation> found =
                listing.sound().reversed().stream().filter(wanted).findFirst();
        if (found.isPresent()) {
            return found.get();
        }
        listing.failure().ifPresent(failure -> {
            throw failure;
        });
        throw otherCluster(requireAny(listing.sound()), server);
    }

    /**
     * The newest incarnation.
     *
     * @throws PgbkException REPOSITORY_NOT_INITIALISED when there is none
     */
    public Incarnation newestIncarnation() {
        return requireAny(incarnations.list()).getLast();
    }

    /**
     * The incarnation with this number.
     *
     * @throws PgbkException OBJECT_MISSING when there is none
     */
    public Incarnation incarnation(int number) {
        return incarnations.read(number);
    }

    /**
     * Creates the cluster's first incarnation, or finds the server's.
     *
     * @throws PgbkException OTHER_CLUSTER when the cluster has incarnations and none is the server's
     */
    public Joined join(ServerIdentity server) {
        List<Incarnation> all = incarnations.list();
        if (all.isEmpty()) {
            Optional<Incarnation> first = incarnations.create(1, server);
            if (first.isPresent()) {
                return new Joined(first.get(), true);
            }
            all = incarnations.list();
        }
        List<Incarnation> known = all;
        return new Joined(matching(known, server).orElseThrow(() -> otherCluster(known, server.toString())), false);
    }

    /**
     * Adds an incarnation after pg_upgrade, or finds the server's.
     *
     * @throws PgbkException REFUSED_BY_POLICY while the newest incarnation archived within the last hour, or when it
     *     has the same or a newer major version; REPOSITORY_NOT_INITIALISED when the cluster has no incarnation
     */
    public Joined upgrade(ServerIdentity server) {
        List<Incarnation> all = requireAny(incarnations.list());
        Optional<Incarnation> known = matching(all, server);
        if (known.isPresent()) {
            return new Joined(known.get(), false);
        }
        Incarnation newest = all.getLast();
        requireUpgradeOf(newest, server);
        return incarnations
                .create(newest.number() + 1, server)
                .map(created -> new Joined(created, true))
                // Another init was faster; whoever it was, the rules apply anew.
                .orElseGet(() -> upgrade(server));
    }

    /**
     * Brings the incarnations of the same cluster in another repository here, for a copy: each that is missing is added
     * behind the one that it follows there.
     *
     * @param source those of the other repository, oldest first
     * @return the ones here, in the same order
     * @throws PgbkException OTHER_CLUSTER when this repository holds another cluster under the name
     */
    public List<Incarnation> follow(List<Incarnation> source) {
        List<Incarnation> here = new ArrayList<>();
        for (Incarnation wanted : source) {
            List<Incarnation> all = incarnations.list();
            Optional<Incarnation> known = matching(all, wanted.identity());
            if (known.isEmpty()) {
                boolean follows = all.isEmpty()
                        ? here.isEmpty()
                        : !here.isEmpty()
                                && all.getLast().number() == here.getLast().number();
                if (!follows) {
                    throw otherCluster(all, wanted.identity().toString());
                }
                int number = all.isEmpty() ? 1 : all.getLast().number() + 1;
                known = incarnations.create(number, wanted.identity());
                if (known.isEmpty()) {
                    // Another process was faster: it is the wanted one, or none that may be mixed with it.
                    List<Incarnation> again = incarnations.list();
                    known = Optional.of(matching(again, wanted.identity())
                            .orElseThrow(
                                    () -> otherCluster(again, wanted.identity().toString())));
                }
            }
            here.add(known.get());
        }
        return here;
    }

    private void requireUpgradeOf(Incarnation newest, ServerIdentity server) {
        if (server.majorVersion() <= newest.identity().majorVersion()) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "this server has " + server + ", and cluster " + cluster + " already has " + newest.identity()
                            + ": that is no upgrade",
                    "A different cluster needs a name of its own: change \"cluster\" in the configuration.");
        }
        Instant now = repository.trustedNow();
        Optional<Instant> alive = wal(newest).newestArchivedTime();
        if (alive.isPresent() && alive.get().isAfter(now.minus(QUIET_BEFORE_UPGRADE))) {
            throw new PgbkException(
                    ErrorCode.REFUSED_BY_POLICY,
                    "the server with system identifier " + newest.identity().systemIdentifierText()
                            + " archived WAL at " + alive.get() + " as cluster " + cluster + ": it seems to live",
                    "Stop the old server and run this again an hour after its last WAL; a different cluster needs a"
                            + " name of its own.");
        }
    }

    private List<Incarnation> requireAny(List<Incarnation> all) {
        if (all.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_NOT_INITIALISED,
                    "cluster " + cluster + " is not in " + repository.displayName(),
                    "Run `pgbk init` on the cluster's primary, or correct \"cluster\" in the configuration.");
        }
        return all;
    }

    private static Optional<Incarnation> matching(List<Incarnation> all, ServerIdentity server) {
        return all.reversed().stream()
                .filter(incarnation -> incarnation.identity().equals(server))
                .findFirst();
    }

    private PgbkException otherCluster(List<Incarnation> all, String server) {
        return new PgbkException(
                ErrorCode.OTHER_CLUSTER,
                "this server has " + server + ", but cluster " + cluster + " in " + repository.displayName() + " has "
                        + all.stream()
                                .map(incarnation -> incarnation.identity().toString())
                                .collect(Collectors.joining("; ")),
                "After pg_upgrade run `pgbk init --upgrade`; a different cluster needs a name of its own: change"
                        + " \"cluster\" in the configuration.");
    }

    public BackupCatalog backups() {
        return backups;
    }

    public WalArchive wal(Incarnation incarnation) {
        return new WalArchive(repository, incarnation);
    }

    public Holds holds() {
        return new StoredHolds(repository, cluster, backups);
    }

    public Leases leases() {
        return new StoredLeases(repository, cluster);
    }

    /**
     * The incarnation that a server belongs to from now on.
     *
     * @param created false when it was there already
     */
    public record Joined(Incarnation incarnation, boolean created) {}
}
