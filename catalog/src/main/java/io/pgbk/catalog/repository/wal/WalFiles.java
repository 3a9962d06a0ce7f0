package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.ByteSink;
import io.pgbk.catalog.format.wal.WalObjectCodec;
import io.pgbk.catalog.format.wal.WalObjectHeader;
import io.pgbk.catalog.format.wal.WalObjectInfo;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.wal.WalSegmentIndex;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The objects of one incarnation's archive: finding those of a name, and reading them behind the fence. */
final class WalFiles {
    /** How many objects one name may have before the answer is refused; each is a promotion or a conflict. */
    private static final int MAX_VARIANTS = 10_000;

    private final Repository repository;
    private final Incarnation incarnation;
    private final WalObjectCodec codec;

    WalFiles(Repository repository, Incarnation incarnation) {
        this.repository = repository;
        this.incarnation = incarnation;
        this.codec = new WalObjectCodec(
                repository.keys(),
                repository.runtime().compression(),
                repository.runtime().random(),
                repository.runtime().buffers());
    }

    Repository repository() {
        return repository;
    }

    Incarnation incarnation() {
        return incarnation;
    }

    WalObjectCodec codec() {
        return codec;
    }

    String key(WalFileName name, String variant) {
        return RepositoryLayout.wal(incarnation.cluster(), incarnation.number(), name, variant);
    }

    /**
     * The digits that stand behind a name for a content. Made with the oldest epoch's key, so that they stay the same
     * when keys are rotated.
     */
    String variantOf(byte[] rawSha256) {
        KeyRing keys = repository.keys();
        return keys.compareDigest(keys.pageDigestEpoch(), Bytes.of(rawSha256))
                .hex()
                .substring(0, 8);
    }

    /** Every object of exactly this name, PostgreSQL's own name first. */
    List<WalObject> variants(WalFileName name) {
        List<WalObject> variants = new ArrayList<>();
        Iterator<ObjectInfo> objects = repository.store().list(key(name, ""), "");
        while (objects.hasNext()) {
            toObject(objects.next())
                    .filter(object -> object.name().equals(name))
                    .ifPresent(variants::add);
            if (variants.size() > MAX_VARIANTS) {
                throw new PgbkException(
                        ErrorCode.WAL_CONFLICT, "more than " + MAX_VARIANTS + " files are archived as " + name);
            }
        }
        variants.sort(Comparator.comparing(WalObject::variant));
        return variants;
    }

    /** What a listed object is, empty for anything but a WAL file. */
    Optional<WalObject> toObject(ObjectInfo info) {
        return RepositoryLayout.parse(info.key()) instanceof RepositoryObject.Wal wal
                ? Optional.of(new WalObject(wal.name(), wal.variant(), info.key(), info.length()))
                : Optional.empty();
    }

    /**
     * Returns when "not there" may be believed of a name that no listing shows: nobody marked it as deleted, and
     * repository.json and the incarnation are readable with the same credentials, and are those that this archive was
     * opened with.
     */
    void proveAbsence(WalFileName name) {
        String key = key(name, "");
        if (repository.store().isMarkedDeleted(key)) {
            throw new PgbkException(
                    ErrorCode.OBJECT_MISSING,
                    "object " + key + " was deleted in " + repository.displayName()
                            + " by somebody else: its name has a delete marker, and no version is left",
                    "Bring it back from another copy of the archive. When it never existed, remove the marker.");
        }
        repository.proveReadable();
        Incarnation again = new Incarnations(repository, incarnation.cluster()).read(incarnation.number());
        if (!again.identity().equals(incarnation.identity())) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    "incarnation " + incarnation.number() + " of cluster " + incarnation.cluster() + " has "
                            + again.identity() + " now, not " + incarnation.identity());
        }
    }

    WalObjectHeader header(WalObject object) {
        return Authentic.read(
                repository.store(), object.key(), () -> codec.readHeader(repository.store(), object.key()));
    }

    /**
     * Reads an object; when its content is not authentic and the store keeps others under its key, those.
     *
     * @param reading gets the object with the length of the content that is read; run again for each content
     */
    <T> T authentic(WalObject object, Function<WalObject, T> reading) {
        return Authentic.read(repository.store(), object.key(), () -> reading.apply(asItIsRead(object)));
    }

    private WalObject asItIsRead(WalObject object) {
        return repository.store().contentNumber(object.key()) == 0
                ? object
                : new WalObject(
                        object.name(),
                        object.variant(),
                        object.key(),
                        repository
                                .store()
                                .findLength(object.key())
                                .orElseThrow(() -> new ObjectMissingException(
                                        object.key(), repository.store().displayName())));
    }

    /** Decodes the object; the caller must not use what was written unless this returns. */
    long read(WalObject object, OutputStream destination) {
        return decode(object, destination).rawLength();
    }

    /** As {@link #read}; returns what the object says about its file. */
    WalObjectInfo decode(WalObject object, OutputStream destination) {
        WalObjectInfo info =
                codec.decode(repository.store(), object.key(), object.storedBytes(), ByteSink.of(destination));
        requireOurs(object, info);
        return info;
    }

    WalObjectInfo info(WalObject object) {
        return authentic(object, read -> {
            WalObjectInfo info = codec.readInfo(repository.store(), read.key(), read.storedBytes());
            requireOurs(read, info);
            return info;
        });
    }

    Optional<WalSegmentIndex> index(WalObject object) {
        WalObjectInfo info = info(object);
        return info.index().length() == 0
                ? Optional.empty()
                : Optional.of(WalSegmentIndex.parse(info.index().toArray()));
    }

    private void requireOurs(WalObject object, WalObjectInfo info) {
        if (info.systemIdentifier() != incarnation.identity().systemIdentifier()) {
            throw new PgbkException(
                    ErrorCode.OTHER_CLUSTER,
                    "object " + object.key() + " is WAL of system identifier "
                            + Long.toUnsignedString(info.systemIdentifier()) + ", not "
                            + incarnation.identity().systemIdentifierText());
        }
        if (!info.fileName().equals(object.name().toString())) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + object.key() + " says that it is " + info.fileName() + ", not " + object.name());
        }
        if (object.name() instanceof WalFileName.Segment
                && info.rawLength() != incarnation.segmentSize().bytes()) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + object.key() + " holds " + info.rawLength() + " bytes, a segment has "
                            + incarnation.segmentSize().bytes());
        }
    }

    /** The prefix of one timeline's objects. */
    String timelinePrefix(int timeline) {
        return RepositoryLayout.walTimeline(incarnation.cluster(), incarnation.number(), timeline);
    }

    List<Integer> logs(int timeline) {
        List<Integer> logs = new ArrayList<>();
        for (String child : repository.store().listChildren(timelinePrefix(timeline))) {
            if (child.length() == 9 && child.endsWith("/")) {
                // As the log of a segment's name, so that other names are passed over.
                WalSegmentName.tryParse("00000001" + child.substring(0, 8) + "00000000")
                        .ifPresent(name -> logs.add(name.log()));
            }
        }
        return logs;
    }

    WalLog log(int timeline, int log) {
        String prefix = RepositoryLayout.walLog(incarnation.cluster(), incarnation.number(), timeline, log);
        List<WalObject> objects = new ArrayList<>();
        repository
                .store()
                .list(prefix, "")
                .forEachRemaining(info -> objects.addAll(toObject(info).stream().toList()));
        return WalLog.of(objects);
    }

    /** Whole segments of a timeline by name, ascending, from one name on. */
    Iterator<WalSegmentName> segments(int timeline, Optional<WalSegmentName> from) {
        return new SegmentIterator(this, timeline, from);
    }
}
