package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.postgres.WalSegmentName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;

/** The roll-ups of one incarnation's WAL. Nothing depends on them. Safe for use by many threads. */
public final class WalRollUps {
    private final WalFiles files;
    private final SmallObjectCodec codec;

    WalRollUps(WalFiles files) {
        this.files = files;
        this.codec = new SmallObjectCodec(
                files.repository().keys(), files.repository().runtime().random());
    }

    /** Those of a timeline, ascending; other names are passed over. */
    public List<RollUpPlace> list(int timeline) {
        List<RollUpPlace> places = new ArrayList<>();
        Iterator<ObjectInfo> objects = files.repository()
                .store()
                .list(
                        RepositoryLayout.walIndexTimeline(
                                files.incarnation().cluster(),
                                files.incarnation().number(),
                                timeline),
                        "");
        while (objects.hasNext()) {
            ObjectInfo info = objects.next();
            if (RepositoryLayout.parse(info.key()) instanceof RepositoryObject.WalIndex object && isOfOneLog(object)) {
                places.add(new RollUpPlace(info.key(), object.first(), object.last(), info.length()));
            }
        }
        return places;
    }

    private boolean isOfOneLog(RepositoryObject.WalIndex object) {
        return object.first().log() == object.last().log()
                && object.last().isPossibleWith(files.incarnation().segmentSize());
    }

    /**
     * Reads and checks a roll-up.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED, OBJECT_MISSING, FORMAT_TOO_NEW, KEY_WRONG and what the store
     *     throws
     */
    public WalRollUp read(RollUpPlace place) {
        byte[] object = files.repository().store().readAll(place.key(), FormatLimits.MAX_SMALL_OBJECT_BYTES);
        return WalRollUp.parse(place, files.incarnation(), codec.open(ObjectKind.WAL_INDEX, place.key(), object));
    }

    /** Creates a roll-up exclusively; one that is there already stays. */
    CreateOutcome create(WalSegmentName first, WalSegmentName last, List<WalRollUp.Entry> entries) {
        String key = RepositoryLayout.walIndex(
                files.incarnation().cluster(), files.incarnation().number(), first, last);
        WalRollUp rollUp = new WalRollUp(
                key, first.timeline(), first.log(), files.incarnation().segmentSize(), entries);
        return files.repository()
                .store()
                .create(key, codec.seal(ObjectKind.WAL_INDEX, key, rollUp.encode(files.incarnation())));
    }

    /** Removes roll-ups: those that were found damaged, and those whose log is gone. */
    List<DeleteFailure> remove(Collection<String> keys) {
        return keys.isEmpty() ? List.of() : files.repository().store().delete(keys);
    }
}
