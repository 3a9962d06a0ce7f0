package io.pgbk.catalog.repository;

import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectLocking;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.catalog.store.StoreProbe;
import io.pgbk.catalog.store.Versioning;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** A store whose process dies at its nth call: that call and all later ones fail. Optionally the clock is the test's. */
public final class FaultyStore implements ObjectStore {
    private final ObjectStore store;
    private final ManualTime time;
    private final AtomicInteger calls = new AtomicInteger();
    private final List<Integer> changes = new CopyOnWriteArrayList<>();
    private volatile int dieAt = Integer.MAX_VALUE;
    private volatile boolean afterEffect;
    private volatile boolean exclusive = true;
    private volatile int actAt = Integer.MAX_VALUE;
    private volatile int failAt = Integer.MAX_VALUE;
    private volatile int dieBehind = Integer.MAX_VALUE;
    private volatile Runnable action = () -> {};
    private volatile int suspendAt = Integer.MAX_VALUE;
    private volatile Runnable meanwhile = () -> {};
    private volatile Predicate<String> fatal = _ -> false;
    private volatile Predicate<String> lulling = _ -> false;
    private volatile int lullingBehind;
    private volatile Predicate<String> late = _ -> false;
    private volatile Consumer<Runnable> meanwhileLate = _ -> {};
    private volatile Predicate<String> locked = _ -> false;
    private volatile boolean removing;
    private volatile boolean overwriting;
    private volatile Thread standing = Thread.currentThread();

    public FaultyStore(ObjectStore store, ManualTime time) {
        this.store = store;
        this.time = time;
    }

    /** From now on the nth call fails, and all behind it; with afterEffect its effect happened all the same. */
    public void dieAtCall(int call, boolean withEffect) {
        calls.set(0);
        dieAt = call;
        afterEffect = withEffect;
    }

    /** Only the nth call from now on fails; with effect it happened all the same, and only its answer is lost. */
    public void failOnceAtCall(int call, boolean withEffect) {
        calls.set(0);
        failAt = call;
        afterEffect = withEffect;
    }

    /** Whether {@link #failOnceAtCall} has come to its call. */
    public boolean failed() {
        return failAt == Integer.MAX_VALUE;
    }

    /** Counts its calls anew. */
    public void countAnew() {
        calls.set(0);
        changes.clear();
    }

    /** Calls since the last time that something was set up. */
    public int calls() {
        return calls.get();
    }

    /** Which of them created or removed something, in their order. */
    public List<Integer> changes() {
        return List.copyOf(changes);
    }

    /** Before the nth call from now on something else happens, as when this process were suspended there. */
    public void runAtCall(int call, Runnable what) {
        calls.set(0);
        action = what;
        actAt = call;
    }

    /** Whether {@link #runAtCall} has come to its call. */
    public boolean ran() {
        return actAt == Integer.MAX_VALUE;
    }

    /** Whether the call that is at work removes objects. */
    public boolean removing() {
        return removing;
    }

    /**
     * Before the nth call, or the next one behind it of the thread that says this, all threads of the process stand still
     * while others do something; then it goes on as if nothing was.
     */
    public void suspendAtCall(int call, Runnable others) {
        calls.set(0);
        meanwhile = others;
        standing = Thread.currentThread();
        suspendAt = call;
    }

    /** The same; then it dies at the call before which it stood (0) or at a later one. */
    public void suspendAtCall(int call, Runnable others, int diesBehind, boolean withEffect) {
        afterEffect = withEffect;
        dieBehind = diesBehind;
        suspendAtCall(call, others);
    }

    /** Whether {@link #suspendAtCall} has come to its call. */
    public boolean wasSuspended() {
        return suspendAt == 0;
    }

    /** From now on it dies before it stores an object with such a key. */
    public void dieAtStoring(Predicate<String> keys) {
        fatal = keys;
    }

    /** Before it stores an object with such a key it is suspended, as by {@link #suspendAtCall(int, Runnable)}. */
    public void suspendAtStoring(Predicate<String> keys, Runnable others) {
        suspendBehindStoring(keys, 0, others);
    }

    /** The same so many calls later, or at the next one of the thread that stores the object. */
    public void suspendBehindStoring(Predicate<String> keys, int later, Runnable others) {
        meanwhile = others;
        lullingBehind = later;
        lulling = keys;
    }

    /**
     * The request that creates an object with such a key is long on its way, and its process is suspended behind it.
     *
     * @param others what happens meanwhile; they are given how the request arrives, and may choose the moment
     */
    public void delayCreating(Predicate<String> keys, Consumer<Runnable> others) {
        meanwhileLate = others;
        late = keys;
    }

    /** From now on objects with such keys stay, as where they are locked. */
    public void refuseToDelete(Predicate<String> keys) {
        locked = keys;
    }

    /** From now on uploads replace what is there, as S3 does with those in parts. */
    public void overwriteByUploads() {
        overwriting = true;
    }

    public void revive() {
        dieAt = Integer.MAX_VALUE;
    }

    /** Whether the nth call was reached. */
    public boolean died() {
        return calls.get() >= dieAt;
    }

    public void pretendNotExclusive() {
        exclusive = false;
    }

    private int before(String key) {
        if (fatal.test(key)) {
            dieAt = calls.get() + 1;
            afterEffect = false;
        }
        if (lulling.test(key)) {
            lulling = _ -> false;
            standing = Thread.currentThread();
            suspendAt = calls.get() + 1 + lullingBehind;
        }
        return before();
    }

    private int before() {
        int call = calls.incrementAndGet();
        if (call == actAt) {
            actAt = Integer.MAX_VALUE;
            action.run();
        }
        if (call >= suspendAt) {
            suspend();
        }
        if (call == failAt && !afterEffect) {
            failAt = Integer.MAX_VALUE;
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "call " + call + " failed");
        }
        if (call > dieAt || (call == dieAt && !afterEffect)) {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "the process died at call " + dieAt);
        }
        return call;
    }

    private synchronized void suspend() {
        if (suspendAt > 0 && Thread.currentThread().equals(standing)) {
            meanwhile.run();
            suspendAt = 0;
            if (dieBehind < Integer.MAX_VALUE) {
                dieAt = calls.get() + dieBehind;
            }
        }
    }

    private <T> T after(T result) {
        if (calls.get() == failAt) {
            failAt = Integer.MAX_VALUE;
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "the answer to call " + calls.get() + " is lost");
        }
        if (calls.get() >= dieAt) {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "the process died behind call " + dieAt);
        }
        return result;
    }

    @Override
    public String displayName() {
        return store.displayName();
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        if (late.test(key)) {
            late = _ -> false;
            suspendAtStoring(key::equals, () -> meanwhileLate.accept(() -> store.create(key, body)));
        }
        changes.add(before(key));
        return after(store.create(key, body));
    }

    @Override
    public ObjectUpload upload(String key) {
        before(key);
        return new DyingUpload(key, store.upload(key));
    }

    private final class DyingUpload implements ObjectUpload {
        private final String key;
        private final ObjectUpload upload;

        DyingUpload(String key, ObjectUpload upload) {
            this.key = key;
            this.upload = upload;
        }

        @Override
        public void write(ByteBuffer bytes) {
            upload.write(bytes);
        }

        @Override
        public long length() {
            return upload.length();
        }

        @Override
        public boolean completeIf(BooleanSupplier still) {
            changes.add(before());
            boolean complete = upload.completeIf(() -> {
                boolean may = still.getAsBoolean();
                if (may && overwriting) {
                    store.delete(List.of(key));
                }
                return may;
            });
            after(upload.length());
            return complete;
        }

        @Override
        public void close() {
            upload.close();
        }
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        before();
        return store.read(key, offset, length);
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        before();
        return store.readAll(key, maxBytes);
    }

    @Override
    public OptionalLong findLength(String key) {
        before();
        return store.findLength(key);
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        before();
        return store.list(prefix, after);
    }

    @Override
    public List<String> listChildren(String prefix) {
        before();
        return store.listChildren(prefix);
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        removing = true;
        try {
            changes.add(before());
        } finally {
            removing = false;
        }
        List<String> free = keys.stream().filter(locked.negate()).toList();
        List<DeleteFailure> failures = new ArrayList<>(store.delete(free));
        for (String key : keys) {
            if (locked.test(key) && store.findLength(key).isPresent()) {
                failures.add(new DeleteFailure(key, "locked by the test"));
            }
        }
        return after(failures);
    }

    @Override
    public int contentNumber(String key) {
        return store.contentNumber(key);
    }

    @Override
    public boolean passOver(String key, int contentNumber) {
        return store.passOver(key, contentNumber);
    }

    @Override
    public boolean isMarkedDeleted(String key) {
        return store.isMarkedDeleted(key);
    }

    @Override
    public Optional<ObjectLocking> objectLocking() {
        return store.objectLocking();
    }

    @Override
    public Versioning versioning() {
        return store.versioning();
    }

    @Override
    public Instant currentTime() {
        return time.instant();
    }

    @Override
    public StoreProbe probe(String prefix) {
        before();
        StoreProbe probe = store.probe(prefix);
        return new StoreProbe(
                probe.exclusiveCreate() && exclusive,
                probe.refusesWrongDigest(),
                probe.missingKeyIsNotFound(),
                probe.versioned());
    }

    @Override
    public void close() {
        store.close();
    }
}
