package io.pgbk.task;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of all large buffers of the process: what is reserved never passes the limit, however many workers and
 * repositories there are. Safe for use by many threads.
 *
 * <p>A worker's complete set of buffers is reserved before the worker starts, as a {@link Share}; arrays are then taken
 * from the share without waiting. What a worker holds beside arrays of this pool (buffers outside of the heap, arrays
 * that Java makes for it) is a part of its share too, only counted.
 *
 * <p>There is no deadlock, because nobody waits for memory while holding some: {@link #reserve} waits only when its
 * thread has neither a share of its own nor took arrays from one, and fails where it would otherwise wait; {@link
 * #tryReserve} and {@link Share#take} never wait. So whoever holds a share goes on to its end and closes it, whoever
 * waits is served in the order of coming, and each need is below the limit.
 *
 * <p>Arrays are of few sizes, a power of two and {@value #SPARE_BYTES} bytes; free ones are kept for the next share, and
 * count with those that are lent: together they never pass the limit either. They are not wiped, since everything that
 * reads them knows the length of what was put in.
 */
public final class BufferPool {
    /** The limit when nothing else is configured. */
    public static final long DEFAULT_LIMIT_BYTES = 256L << 20;

    /** So much beyond a power of two: a frame of content fits with what protects it. */
    private static final int SPARE_BYTES = 64 << 10;

    private static final int SMALLEST_POWER = 16;
    private static final int LARGEST_POWER = 30;
    private static final long TICK_MILLIS = 200;

    private final long limitBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Object> waiting = new ArrayDeque<>();
    private final Set<Share> shares = new HashSet<>();
    private final ArrayStock stock;
    private final Set<String> warned = new HashSet<>();
    private long reservedBytes;
    private long peakBytes;
    private long grownBytes;

    public BufferPool(long limitBytes) {
        if (limitBytes < 1) {
            throw new IllegalArgumentException("a pool of " + limitBytes + " bytes");
        }
        this.limitBytes = limitBytes;
        this.stock = new ArrayStock(limitBytes);
    }

    /** What an array of at least so many bytes takes of a share. */
    public static long sizeOf(int leastBytes) {
        for (int power = SMALLEST_POWER; power <= LARGEST_POWER; power++) {
            int size = (1 << power) + SPARE_BYTES;
            if (size >= leastBytes) {
                return size;
            }
        }
        throw new IllegalArgumentException("no buffer has " + leastBytes + " bytes");
    }

    public long limitBytes() {
        return limitBytes;
    }

    /** What is reserved now. */
    public long reservedBytes() {
        lock.lock();
        try {
            return reservedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** The most that was reserved at one time. */
    public long peakBytes() {
        lock.lock();
        try {
            return peakBytes;
        } finally {
            lock.unlock();
        }
    }

    /** What shares took beyond what had been reserved for them, all together; 0 when each was reckoned rightly. */
    public long grownBytes() {
        lock.lock();
        try {
            return grownBytes;
        } finally {
            lock.unlock();
        }
    }

    /** The most that was reserved at one time, for people. */
    public String peak() {
        return mebibytes(peakBytes()) + " of " + mebibytes(limitBytes);
    }

    /** Bytes of all arrays that there are, lent and free. */
    long arrayBytes() {
        lock.lock();
        try {
            return stock.bytes();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Reserves the same for several workers: for as many as there is memory now, and waits until there is enough for one.
     *
     * @param what they do, for messages
     * @param most how many shares are wished
     * @param bytesEach what each worker needs, all its buffers together
     * @throws PgbkException CONFIGURATION when the limit is too small for one worker, INTERRUPTED, and what {@code
     *     monitor} throws
     */
    public Reservation reserve(String what, int most, long bytesEach, TaskMonitor monitor) {
        if (most < 1 || bytesEach < 1) {
            throw new IllegalArgumentException(most + " shares of " + bytesEach + " bytes");
        }
        List<Share> taken = new ArrayList<>();
        lock.lock();
        try {
            awaitRoom(what, bytesEach, monitor);
            while (taken.size() < most && bytesEach <= limitBytes - reservedBytes) {
                taken.add(grant(bytesEach));
            }
        } finally {
            lock.unlock();
        }
        String sizes = what + ": " + taken.size() + " of " + most + " workers with " + mebibytes(bytesEach)
                + " of buffers each, in " + mebibytes(limitBytes) + " of buffer-memory";
        if (taken.size() == most) {
            monitor.debug(sizes);
        } else if (isNew(what)) {
            monitor.warn(sizes + "; more do not fit");
        }
        return new Reservation(taken);
    }

    /** What is done again and again warns once. */
    private boolean isNew(String what) {
        lock.lock();
        try {
            return warned.add(what);
        } finally {
            lock.unlock();
        }
    }

    /** Waits, in the order of coming, until so much is free. */
    private void awaitRoom(String what, long bytes, TaskMonitor monitor) {
        if (bytes > limitBytes) {
            throw new PgbkException(
                    ErrorCode.CONFIGURATION,
                    what + " needs " + mebibytes(bytes) + " for the buffers of one worker, and buffer-memory is "
                            + mebibytes(limitBytes),
                    "Set buffer-memory to " + mebibytes(bytes) + " or more.");
        }
        if (waiting.isEmpty() && bytes <= limitBytes - reservedBytes) {
            return;
        }
        if (shares.stream().anyMatch(share -> share.isUsedBy(Thread.currentThread()))) {
            throw new PgbkException(
                    ErrorCode.CONFIGURATION,
                    what + " needs " + mebibytes(bytes) + " more for buffers, and of the " + mebibytes(limitBytes)
                            + " of buffer-memory " + mebibytes(limitBytes - reservedBytes) + " are left",
                    "Raise buffer-memory, or lower \"parallel\".");
        }
        Object me = new Object();
        waiting.add(me);
        try {
            while (!me.equals(waiting.peek()) || bytes > limitBytes - reservedBytes) {
                monitor.checkCancelled();
                // Not for ever: the monitor is to be asked again.
                changed.await(TICK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while waiting for buffers", null, e);
        } finally {
            waiting.remove(me);
            changed.signalAll();
        }
    }

    /** Reserves when that needs no waiting. */
    public Optional<Share> tryReserve(long bytes) {
        lock.lock();
        try {
            return waiting.isEmpty() && bytes <= limitBytes - reservedBytes
                    ? Optional.of(grant(bytes))
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private Share grant(long bytes) {
        Share share = new Share(bytes, Thread.currentThread());
        shares.add(share);
        count(bytes);
        return share;
    }

    private void count(long bytes) {
        reservedBytes += bytes;
        peakBytes = Math.max(peakBytes, reservedBytes);
    }

    static String mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20) + "MiB";
    }

    /** Shares that were reserved together. Closing it closes them all. */
    public static final class Reservation implements AutoCloseable {
        private final List<Share> shares;

        private Reservation(List<Share> shares) {
            this.shares = List.copyOf(shares);
        }

        /** One or more. */
        public List<Share> shares() {
            return shares;
        }

        @Override
        public void close() {
            shares.forEach(Share::close);
        }
    }

    /**
     * The buffers of one worker. Arrays that were given back stay in the share for its next use; closing the share ends
     * the reservation and takes back all arrays, which nobody may use any more then. Safe for use by many threads.
     */
    public final class Share implements Buffers, AutoCloseable {
        private final Thread reserver;
        private final List<byte[]> idle = new ArrayList<>();
        private final Set<byte[]> lent = Collections.newSetFromMap(new IdentityHashMap<>());
        private Thread user;
        private long bytes;
        private long arrays;
        private boolean closed;

        private Share(long bytes, Thread reserver) {
            this.bytes = bytes;
            this.reserver = reserver;
            this.user = reserver;
        }

        private synchronized boolean isUsedBy(Thread thread) {
            return thread.equals(reserver) || thread.equals(user);
        }

        /**
         * {@inheritDoc} Where a share was reckoned too small, because an object has larger frames than usual, it grows if
         * the pool has room.
         */
        @Override
        public byte[] take(int leastBytes) {
            int size = (int) sizeOf(leastBytes);
            byte[] array = takeIdle(size);
            if (array == null) {
                array = obtainCounted(size);
            }
            return array;
        }

        private synchronized byte @Nullable [] takeIdle(int size) {
            if (closed) {
                throw new IllegalStateException("the share is closed");
            }
            user = Thread.currentThread();
            for (int i = 0; i < idle.size(); i++) {
                if (idle.get(i).length == size) {
                    byte[] array = idle.remove(i);
                    lent.add(array);
                    return array;
                }
            }
            return null;
        }

        private byte[] obtainCounted(int size) {
            // Always the pool's lock before the share's.
            lock.lock();
            try {
                synchronized (this) {
                    while (arrays + size > bytes && !idle.isEmpty()) {
                        byte[] other = idle.removeLast();
                        arrays -= other.length;
                        stock.takeBack(other);
                    }
                    long more = arrays + size - bytes;
                    if (more > 0) {
                        grow(more);
                    }
                    byte[] array = stock.lend(size);
                    arrays += size;
                    lent.add(array);
                    return array;
                }
            } finally {
                lock.unlock();
            }
        }

        private void grow(long more) {
            if (more > limitBytes - reservedBytes) {
                throw new PgbkException(
                        ErrorCode.CONFIGURATION,
                        "a worker needs " + mebibytes(more) + " more for its buffers than was reserved for it, and the "
                                + mebibytes(limitBytes) + " of buffer-memory are in use",
                        "Raise buffer-memory, or lower \"parallel\".");
            }
            bytes += more;
            grownBytes += more;
            count(more);
        }

        @Override
        public synchronized void give(byte[] array) {
            if (lent.remove(array)) {
                idle.add(array);
            } else if (!closed) {
                throw new IllegalArgumentException("an array of " + array.length + " bytes is not of this share");
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                synchronized (this) {
                    if (closed) {
                        return;
                    }
                    closed = true;
                    idle.forEach(stock::takeBack);
                    lent.forEach(stock::takeBack);
                    idle.clear();
                    lent.clear();
                    shares.remove(this);
                    reservedBytes -= bytes;
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
