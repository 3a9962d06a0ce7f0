package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.Incarnation;
import io.pgbk.catalog.repository.Incarnations;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.document.Documents;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The documents that say which WAL was removed on purpose. Each is the whole truth and created exclusively as the one
 * behind that which its writer read, so that nobody's statement is lost. Those that were overtaken long ago are removed,
 * so a number may be free twice: a document counts only when none with a higher number is there behind its creation.
 */
public final class WalTrimming {
    /** How many documents behind the newest stay, so that who listed one as the newest nearly always can read it. */
    private static final int KEPT = 100;
    /** Whoever writes one removes those behind them when there are so many: one request for so many documents. */
    private static final int SPARE = 20;

    private static final int BATCH = 1000;
    private static final int MAX_SPANS = 500_000;
    private static final int MAX_TIMELINES = 100_000;
    private static final String REMOVED = "removed";
    private static final String ANNOUNCED = "announced";
    private static final String LEFT_OUT = "leftOut";

    private final Repository repository;
    private final Incarnation incarnation;
    private final WalSegmentSize size;

    WalTrimming(Repository repository, Incarnation incarnation) {
        this.repository = repository;
        this.incarnation = incarnation;
        this.size = incarnation.segmentSize();
    }

    /** Those of an incarnation. */
    public static WalTrimming of(Repository repository, ClusterName cluster, int incarnation) {
        return new WalTrimming(repository, new Incarnations(repository, cluster).read(incarnation));
    }

    /** The newest; one listing, and one read when there is any. */
    public TrimmedWal read() {
        int last = newest();
        while (last > 0) {
            try {
                return read(last);
            } catch (ObjectMissingException e) {
                int newest = newest();
                if (newest == last) {
                    throw e;
                }
                // Overtaken so often since it was listed that it is gone.
                last = newest;
            }
        }
        return TrimmedWal.NOTHING;
    }

    /** Ascending. */
    private List<Integer> numbers() {
        List<Integer> numbers = new ArrayList<>();
        String folder = RepositoryLayout.walTrims(incarnation.cluster(), incarnation.number());
        for (String key : repository.documents().keys(folder)) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.WalTrim trim) {
                numbers.add(trim.number());
            }
        }
        return numbers;
    }

    /** The number of the newest, 0 for none; one listing. */
    public int newest() {
        List<Integer> numbers = numbers();
        return numbers.isEmpty() ? 0 : numbers.getLast();
    }

    /**
     * Removes documents that were overtaken long ago. What is locked stays until a later one.
     *
     * @param mayGoOn called before every batch; stops by throwing
     */
    public void removeOvertaken(Runnable mayGoOn) {
        List<String> keys = overtaken(numbers());
        for (int from = 0; from < keys.size(); from += BATCH) {
            mayGoOn.run();
            repository.store().delete(keys.subList(from, Math.min(from + BATCH, keys.size())));
        }
    }

    /** Whether a document needs not be there any more when there is one with the other number. */
    public static boolean isOvertaken(int number, int newest) {
        return number < newest - KEPT;
    }

    private TrimmedWal read(int number) {
        JsonDocument json =
                repository.documents().read(ObjectKind.EVENT, key(number)).json();
        NavigableMap<Integer, SegmentSpans> removed = new TreeMap<>(Integer::compareUnsigned);
        NavigableMap<Integer, SegmentSpans> announced = new TreeMap<>(Integer::compareUnsigned);
        NavigableMap<Integer, SegmentSpans> leftOut = new TreeMap<>(Integer::compareUnsigned);
        for (JsonDocument timeline : json.objects("timelines", MAX_TIMELINES)) {
            int id = (int) timeline.number("timeline", 1, 0xFFFF_FFFFL);
            removed.put(id, spans(timeline, REMOVED));
            announced.put(id, spans(timeline, ANNOUNCED));
            leftOut.put(id, spans(timeline, LEFT_OUT));
        }
        return new TrimmedWal(number, removed, announced, leftOut);
    }

    private SegmentSpans spans(JsonDocument json, String member) {
        if (!json.has(member)) {
            return SegmentSpans.NONE;
        }
        List<SegmentSpans.Span> spans = new ArrayList<>();
        for (String text : json.textList(member, MAX_SPANS)) {
            int dash = text.indexOf('-');
            Optional<Lsn> from = dash < 0 ? Optional.empty() : Lsn.tryParse(text.substring(0, dash));
            Optional<Lsn> to = dash < 0 ? Optional.empty() : Lsn.tryParse(text.substring(dash + 1));
            boolean whole = from.isPresent()
                    && to.isPresent()
                    && from.get().segmentOffset(size) == 0
                    && to.get().segmentOffset(size) == 0
                    && to.get().isAfter(from.get());
            if (!whole) {
                throw json.damaged(member, "has an element that is no range of segments");
            }
            spans.add(new SegmentSpans.Span(
                    from.get().segmentNumber(size), to.get().segmentNumber(size) - 1));
        }
        return SegmentSpans.of(spans);
    }

    /**
     * Creates the document behind the one that was read. What that says to be left out stays so, unless it is removed.
     *
     * @return what was written; empty when another process wrote behind the same one, or behind this already, and what
     *     it wrote must be read
     */
    public Optional<TrimmedWal> write(
            TrimmedWal read, Map<Integer, SegmentSpans> removed, Map<Integer, SegmentSpans> announced) {
        return write(read, removed, announced, SpansByTimeline.minus(read.leftOut(), removed));
    }

    private Optional<TrimmedWal> write(
            TrimmedWal read,
            Map<Integer, SegmentSpans> removed,
            Map<Integer, SegmentSpans> announced,
            Map<Integer, SegmentSpans> leftOut) {
        TrimmedWal next = new TrimmedWal(
                read.number() + 1, new TreeMap<>(removed), new TreeMap<>(announced), new TreeMap<>(leftOut));
        ObjectNode json = JsonDocument.newObject()
                .put("kind", "trimmed")
                .put("time", repository.runtime().clock().instant().toString())
                .put("by", repository.runtime().owner());
        ArrayNode timelines = json.putArray("timelines");
        NavigableMap<Integer, SegmentSpans> all = new TreeMap<>(Integer::compareUnsigned);
        all.putAll(next.removed());
        next.announced().forEach(all::putIfAbsent);
        next.leftOut().forEach(all::putIfAbsent);
        all.keySet().forEach(timeline -> {
            ObjectNode one = timelines.addObject().put("timeline", Integer.toUnsignedLong(timeline));
            put(one, REMOVED, next.removed().getOrDefault(timeline, SegmentSpans.NONE));
            put(one, ANNOUNCED, next.announced().getOrDefault(timeline, SegmentSpans.NONE));
            put(one, LEFT_OUT, next.leftOut().getOrDefault(timeline, SegmentSpans.NONE));
        });
        var body = repository.documents().seal(ObjectKind.EVENT, key(next.number()), json);
        if (body.length() > Documents.MAX_STORED_BYTES) {
            throw new PgbkException(ErrorCode.INTERNAL, "the list of removed WAL has " + body.length() + " bytes");
        }
        // The number may be free again, when this process slept while many others wrote.
        if (repository.store().create(key(next.number()), body) != CreateOutcome.CREATED) {
            return Optional.empty();
        }
        List<Integer> numbers = numbers();
        if (numbers.isEmpty() || numbers.getLast() != next.number()) {
            return Optional.empty();
        }
        removeMany(numbers);
        return Optional.of(next);
    }

    /** Where nobody expires anything, copies would pile them up. That they stay harms nothing. */
    private void removeMany(List<Integer> numbers) {
        List<String> keys = overtaken(numbers);
        if (keys.size() < SPARE || !repository.storeIsSafe()) {
            return;
        }
        try {
            repository.store().delete(keys.subList(0, Math.min(BATCH, keys.size())));
        } catch (PgbkException e) {
            if (e.code() == ErrorCode.INTERRUPTED) {
                throw e;
            }
            // What was to be said has been said.
        }
    }

    private List<String> overtaken(List<Integer> numbers) {
        return numbers.stream()
                .filter(number -> isOvertaken(number, numbers.getLast()))
                .map(this::key)
                .toList();
    }

    /**
     * Says that WAL is wanted again, before it is archived again: for a copy of a backup that needs it. Its need is
     * written before. Until the copy has brought it, it is left out: one that dies makes no loss of it.
     */
    public void reclaim(Map<Integer, SegmentSpans> wanted) {
        while (true) {
            TrimmedWal read = read();
            NavigableMap<Integer, SegmentSpans> removed = SpansByTimeline.minus(read.removed(), wanted);
            NavigableMap<Integer, SegmentSpans> announced = SpansByTimeline.minus(read.announced(), wanted);
            boolean same = removed.equals(read.removed()) && announced.equals(read.announced());
            NavigableMap<Integer, SegmentSpans> back = SpansByTimeline.and(read.removed(), wanted);
            if (same
                    || write(read, removed, announced, SpansByTimeline.plus(read.leftOut(), back))
                            .isPresent()) {
                return;
            }
        }
    }

    /** Says what is left out from now on; writes nothing when that is what the newest document says. */
    public void leaveOut(Function<TrimmedWal, NavigableMap<Integer, SegmentSpans>> change) {
        while (true) {
            TrimmedWal read = read();
            NavigableMap<Integer, SegmentSpans> leftOut = SpansByTimeline.minus(change.apply(read), read.removed());
            if (leftOut.equals(read.leftOut())
                    || write(read, read.removed(), read.announced(), leftOut).isPresent()) {
                return;
            }
        }
    }

    private void put(ObjectNode json, String member, SegmentSpans spans) {
        if (spans.isEmpty()) {
            return;
        }
        ArrayNode array = json.putArray(member);
        for (SegmentSpans.Span span : spans.spans()) {
            array.add(new Lsn(span.first() * size.bytes()) + "-" + new Lsn((span.last() + 1) * size.bytes()));
        }
    }

    private String key(int number) {
        return RepositoryLayout.walTrim(incarnation.cluster(), incarnation.number(), number);
    }

    /**
     * Returns when nothing of a range was removed or is about to be; asked after the need for it was written. Of a
     * timeline without an archived history nothing may be gone that could lead there.
     *
     * @throws PgbkException WAL_GAP
     */
    public void requireKept(Holds.WalRange range) {
        TrimmedWal trimmed = read();
        if (trimmed.number() == 0) {
            return;
        }
        Optional<TimelineHistory> line = range.timeline() == 1
                ? Optional.of(TimelineHistory.root(1))
                : new WalArchive(repository, incarnation).history(range.timeline());
        // Without a history nobody can tell where the timeline branched off: then whatever may lead there counts.
        Optional<WalSegmentName> gone = line.isPresent()
                ? trimmed.firstOnWay(line.get(), range.from(), range.to(), size)
                : trimmed.firstOnAnyWay(range.timeline(), range.from(), range.to(), size);
        if (gone.isPresent()) {
            throw new PgbkException(
                    ErrorCode.WAL_GAP,
                    "WAL segment " + gone.get() + " has been removed, or is about to be, because no backup and no"
                            + " window that is kept needs it",
                    "`pgbk info` shows what can be restored to.");
        }
    }
}
