package io.pgbk.task;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SortedMap;
import java.util.TreeMap;

/** The arrays of a pool: those that are lent, and the free ones, kept by size for use again. For use under its lock. */
final class ArrayStock {
    private final long limitBytes;
    private final SortedMap<Integer, Deque<byte[]>> free = new TreeMap<>();
    private long freeBytes;
    private long lentBytes;

    /** @param limitBytes free arrays go before lent and free ones together have more */
    ArrayStock(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** Bytes of all arrays that there are. */
    long bytes() {
        return lentBytes + freeBytes;
    }

    /** An array of exactly this size. */
    byte[] lend(int size) {
        lentBytes += size;
        Deque<byte[]> sameSize = free.get(size);
        if (sameSize != null && !sameSize.isEmpty()) {
            freeBytes -= size;
            return sameSize.pop();
        }
        dropFree();
        return new byte[size];
    }

    private void dropFree() {
        for (Deque<byte[]> sameSize : free.values()) {
            while (bytes() > limitBytes && !sameSize.isEmpty()) {
                freeBytes -= sameSize.pop().length;
            }
        }
    }

    /** Takes back what was lent. */
    void takeBack(byte[] array) {
        lentBytes -= array.length;
        freeBytes += array.length;
        free.computeIfAbsent(array.length, size -> new ArrayDeque<>()).push(array);
    }
}
