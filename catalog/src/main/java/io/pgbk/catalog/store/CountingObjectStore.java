package io.pgbk.catalog.store;

import io.pgbk.task.Buffers;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** A store that counts what it is asked, as requests to S3 would be counted; a directory's calls count the same. */
public final class CountingObjectStore implements ObjectStore {
    private static final int KEYS_PER_PAGE = 1000;

    private final ObjectStore store;
    private final Consumer<RequestCounts> atTheEnd;
    private final LongAdder lists = new LongAdder();
    private final LongAdder gets = new LongAdder();
    private final LongAdder heads = new LongAdder();
    private final LongAdder puts = new LongAdder();
    private final LongAdder deletes = new LongAdder();

    /** @param atTheEnd gets the numbers when the store is closed */
    public CountingObjectStore(ObjectStore store, Consumer<RequestCounts> atTheEnd) {
        this.store = store;
        this.atTheEnd = atTheEnd;
    }

    /** The numbers up to now. */
    public RequestCounts counts() {
        return new RequestCounts(lists.sum(), gets.sum(), heads.sum(), puts.sum(), deletes.sum());
    }

    @Override
    public String displayName() {
        return store.displayName();
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        puts.increment();
        return store.create(key, body);
    }

    @Override
    public ObjectUpload upload(String key) {
        puts.increment();
        return store.upload(key);
    }

    @Override
    public ObjectUpload upload(String key, Buffers buffers) {
        puts.increment();
        return store.upload(key, buffers);
    }

    @Override
    public long uploadBufferBytes() {
        return store.uploadBufferBytes();
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        gets.increment();
        return store.read(key, offset, length);
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        gets.increment();
        return store.readAll(key, maxBytes);
    }

    @Override
    public OptionalLong findLength(String key) {
        heads.increment();
        return store.findLength(key);
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        lists.increment();
        Iterator<ObjectInfo> objects = store.list(prefix, after);
        return new Iterator<>() {
            private int onPage;

            @Override
            public boolean hasNext() {
                return objects.hasNext();
            }

            @Override
            public ObjectInfo next() {
                ObjectInfo next = objects.next();
                if (onPage == KEYS_PER_PAGE) {
                    lists.increment();
                    onPage = 0;
                }
                onPage++;
                return next;
            }
        };
    }

    @Override
    public List<String> listChildren(String prefix) {
        List<String> children = store.listChildren(prefix);
        lists.add(Math.max(1, Math.ceilDiv(children.size(), KEYS_PER_PAGE)));
        return children;
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        deletes.add(keys.size());
        return store.delete(keys);
    }

    @Override
    public int contentNumber(String key) {
        return store.contentNumber(key);
    }

    @Override
    public boolean passOver(String key, int contentNumber) {
        lists.increment();
        return store.passOver(key, contentNumber);
    }

    @Override
    public boolean isMarkedDeleted(String key) {
        lists.increment();
        return store.isMarkedDeleted(key);
    }

    @Override
    public Optional<ObjectLocking> objectLocking() {
        return store.objectLocking();
    }

    @Override
    public Optional<String> defaultRetention() {
        gets.increment();
        return store.defaultRetention();
    }

    @Override
    public Versioning versioning() {
        return store.versioning();
    }

    @Override
    public Instant currentTime() {
        heads.increment();
        return store.currentTime();
    }

    @Override
    public StoreProbe probe(String prefix) {
        return store.probe(prefix);
    }

    @Override
    public void close() {
        store.close();
        atTheEnd.accept(counts());
    }
}
