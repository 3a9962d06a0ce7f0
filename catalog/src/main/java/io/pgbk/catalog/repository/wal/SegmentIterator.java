package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The names of a timeline's archived segments in order, each once, read from a listing page by page. */
final class SegmentIterator implements Iterator<WalSegmentName> {
    private final WalFiles files;
    private final Iterator<ObjectInfo> objects;
    private final Optional<WalSegmentName> from;
    private @Nullable WalSegmentName next;

    SegmentIterator(WalFiles files, int timeline, Optional<WalSegmentName> from) {
        this.files = files;
        this.from = from;
        // A listing begins behind a key; what lies between the segment before and this one is passed over.
        String after = from.flatMap(name -> name.previous(files.incarnation().segmentSize()))
                .map(name -> files.key(new WalFileName.Segment(name), ""))
                .orElse("");
        this.objects = files.repository().store().list(files.timelinePrefix(timeline), after);
        advance();
    }

    private void advance() {
        next = null;
        while (next == null && objects.hasNext()) {
            next = files.toObject(objects.next())
                    .filter(object -> object.variant().isEmpty())
                    .map(WalObject::name)
                    .filter(WalFileName.Segment.class::isInstance)
                    .map(name -> ((WalFileName.Segment) name).name())
                    .filter(name -> from.isEmpty() || name.compareTo(from.get()) >= 0)
                    .filter(name -> name.isPossibleWith(files.incarnation().segmentSize()))
                    .orElse(null);
        }
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public WalSegmentName next() {
        WalSegmentName current = next;
        if (current == null) {
            throw new NoSuchElementException();
        }
        advance();
        return current;
    }
}
