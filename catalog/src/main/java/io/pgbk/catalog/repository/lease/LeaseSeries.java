package io.pgbk.catalog.repository.lease;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The objects of one lease; the newest one says who holds it. */
final class LeaseSeries {
    private final Repository repository;
    private final ClusterName cluster;
    private final String name;

    LeaseSeries(Repository repository, ClusterName cluster, String name) {
        this.repository = repository;
        this.cluster = cluster;
        this.name = name;
    }

    /** A place in the series. */
    record Position(int epoch, int renewal) {}

    /** What an object of the series says. */
    record State(Position position, String owner, String purpose, boolean released) {}

    String name() {
        return name;
    }

    /** The highest epoch and in it the highest renewal; a listing is in that order. */
    Optional<Position> newest() {
        Position newest = null;
        for (RepositoryObject.Lease lease : objects()) {
            newest = new Position(lease.epoch(), lease.renewal());
        }
        return Optional.ofNullable(newest);
    }

    /**
     * Reads an object of the series; empty when it was removed meanwhile, so that a newer one exists. Of one that is
     * damaged only the place counts: whoever holds it goes on, and when nobody does, the period ends it.
     */
    Optional<State> read(Position position) {
        try {
            return repository.documents().find(ObjectKind.LEASE, key(position)).map(document -> {
                JsonDocument json = document.json();
                return new State(position, json.text("owner"), json.text("purpose"), json.flag("released"));
            });
        } catch (PgbkException e) {
            if (e.code() != ErrorCode.OBJECT_DAMAGED) {
                throw e;
            }
            return Optional.of(new State(position, "an unknown process", String.valueOf(e.getMessage()), false));
        }
    }

    /** Creates an object of the series exclusively. */
    boolean create(Position position, String purpose, boolean released) {
        return repository
                        .documents()
                        .create(
                                ObjectKind.LEASE,
                                key(position),
                                JsonDocument.newObject()
                                        .put("owner", repository.runtime().owner())
                                        .put("purpose", purpose)
                                        .put("released", released)
                                        .put(
                                                "time",
                                                repository
                                                        .runtime()
                                                        .clock()
                                                        .instant()
                                                        .toString()))
                == CreateOutcome.CREATED;
    }

    /** Removes what is older than a position, as far as possible; the newest object always stays. */
    void removeBefore(Position position) {
        List<String> keys = new ArrayList<>();
        for (RepositoryObject.Lease lease : objects()) {
            boolean older = lease.epoch() < position.epoch()
                    || (lease.epoch() == position.epoch() && lease.renewal() < position.renewal());
            if (older) {
                keys.add(lease.key());
            }
        }
        repository.store().delete(keys);
    }

    private List<RepositoryObject.Lease> objects() {
        List<RepositoryObject.Lease> objects = new ArrayList<>();
        for (String key : repository.documents().keys(RepositoryLayout.lease(cluster, name))) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Lease lease) {
                objects.add(lease);
            }
        }
        return objects;
    }

    private String key(Position position) {
        return RepositoryLayout.lease(cluster, name, position.epoch(), position.renewal());
    }
}
