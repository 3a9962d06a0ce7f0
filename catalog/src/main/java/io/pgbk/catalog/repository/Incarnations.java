package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The incarnation documents of one cluster. */
public final class Incarnations {
    private static final int MAX_BYTES = 64 << 10;
    private static final int MAX_BLOCK_BYTES = 32 << 10;

    private final Repository repository;
    private final ClusterName cluster;
    private final AtomicReference<@Nullable Supplier<List<Stored>>> early;

    public Incarnations(Repository repository, ClusterName cluster) {
        this(repository, cluster, null);
    }

    /** @param early gives, once, what {@link #fetch} read while the repository was being opened */
    public Incarnations(Repository repository, ClusterName cluster, @Nullable Supplier<List<Stored>> early) {
        this.repository = repository;
        this.cluster = cluster;
        this.early = new AtomicReference<>(early);
    }

    /** A document as it was read, not yet checked. */
    public record Stored(int number, Bytes document) {}

    /** The documents of all incarnations of a cluster: what can be read before the repository's keys are there. */
    public static List<Stored> fetch(ObjectStore store, ClusterName cluster) {
        List<Stored> documents = new ArrayList<>();
        Iterator<ObjectInfo> objects = store.list(RepositoryLayout.incarnations(cluster), "");
        while (objects.hasNext()) {
            String key = objects.next().key();
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Incarnation found) {
                documents.add(new Stored(found.incarnation(), Bytes.of(store.readAll(key, MAX_BYTES))));
            }
        }
        return documents;
    }

    /**
     * What is there.
     *
     * @param sound oldest first
     * @param failure why the first of those that are none cannot be read: damage, or somebody has put it there
     */
    public record Listing(List<Incarnation> sound, Optional<PgbkException> failure) {
        public Listing {
            sound = List.copyOf(sound);
        }
    }

    /**
     * All, oldest first.
     *
     * @throws PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW when one of them cannot be read
     */
    public List<Incarnation> list() {
        Listing listing = listing();
        listing.failure().ifPresent(failure -> {
            throw failure;
        });
        return listing.sound();
    }

    /** All that can be read, for who looks for a certain one. */
    public Listing listing() {
        Supplier<List<Stored>> once = early.getAndSet(null);
        List<Stored> documents = once == null ? fetch(repository.store(), cluster) : once.get();
        List<Incarnation> sound = new ArrayList<>();
        Optional<PgbkException> failure = Optional.empty();
        for (Stored stored : documents) {
            try {
                sound.add(check(stored.number(), stored.document().toArray()));
            } catch (PgbkException e) {
                failure = failure.or(() -> Optional.of(e));
            }
        }
        sound.sort(Comparator.comparingInt(Incarnation::number));
        return new Listing(sound, failure);
    }

    /**
     * Reads and checks one.
     *
     * @throws PgbkException OBJECT_MISSING, OBJECT_DAMAGED, FORMAT_TOO_NEW
     */
    public Incarnation read(int number) {
        return check(number, repository.store().readAll(RepositoryLayout.incarnation(cluster, number), MAX_BYTES));
    }

    private Incarnation check(int number, byte[] document) {
        String key = RepositoryLayout.incarnation(cluster, number);
        JsonDocument json = JsonDocument.parse(key, SealedJson.open(repository.keys(), key, document));
        if (json.integer("format", 1, Integer.MAX_VALUE) > FormatLimits.FORMAT_VERSION) {
            throw new PgbkException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "object " + key + " was written by a newer pgbk",
                    "Install a newer pgbk.");
        }
        if (!json.text("cluster").equals(cluster.value()) || json.number("number", 1, Integer.MAX_VALUE) != number) {
            throw json.damaged("cluster", "and \"number\" are not those of the object's name");
        }
        long segmentBytes = json.number("walSegmentBytes", 1, Integer.MAX_VALUE);
        if (!WalSegmentSize.isAllowed(segmentBytes)) {
            throw json.damaged("walSegmentBytes", "is no size that PostgreSQL allows");
        }
        return new Incarnation(
                cluster,
                number,
                new ServerIdentity(
                        json.unsigned("systemIdentifier"),
                        json.integer("postgresVersion", 1, 1000),
                        json.integer("catalogVersion", 0, Integer.MAX_VALUE),
                        new WalSegmentSize((int) segmentBytes),
                        json.integer("pageBytes", 1, MAX_BLOCK_BYTES)),
                json.time("created"));
    }

    /** Creates the incarnation with this number; empty when the number was taken meanwhile. */
    public Optional<Incarnation> create(int number, ServerIdentity identity) {
        Incarnation incarnation = new Incarnation(
                cluster, number, identity, repository.runtime().clock().instant());
        String key = RepositoryLayout.incarnation(cluster, number);
        ObjectNode json = JsonDocument.newObject()
                .put("format", FormatLimits.FORMAT_VERSION)
                .put("cluster", cluster.value())
                .put("number", number)
                .put("systemIdentifier", identity.systemIdentifierText())
                .put("postgresVersion", identity.majorVersion())
                .put("catalogVersion", identity.catalogVersion())
                .put("walSegmentBytes", identity.segmentSize().bytes())
                .put("pageBytes", identity.blockBytes())
                .put("created", incarnation.created().toString());
        byte[] document = SealedJson.seal(repository.keys(), key, JsonDocument.write(json));
        return repository.store().create(key, new BytesBody(document)) == CreateOutcome.CREATED
                ? Optional.of(incarnation)
                : Optional.empty();
    }
}
