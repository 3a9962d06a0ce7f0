package io.pgbk.archiver.backup;

import java.util.concurrent.atomic.LongAdder;

/** What a copy adds up to. Safe for use by many threads. */
final class CopyTotals {
    private final LongAdder files = new LongAdder();
    private final LongAdder fileBytes = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder storedBytes = new LongAdder();

    /** A whole file, or with length 0 a link, is in the backup. */
    void copied(long bytes) {
        files.increment();
        fileBytes.add(bytes);
    }

    /** A file that was counted is not in the backup after all. */
    void leftOut(long bytes) {
        files.decrement();
        fileBytes.add(-bytes);
    }

    /** The copy begins anew; what was read and stored so far counts all the same. */
    void restart() {
        files.reset();
        fileBytes.reset();
    }

    void read(long bytes) {
        readBytes.add(bytes);
    }

    void stored(long bytes) {
        storedBytes.add(bytes);
    }

    /** Files and links. */
    long files() {
        return files.sum();
    }

    /** Content of all files. */
    long fileBytes() {
        return fileBytes.sum();
    }

    /** Bytes that were read from disk. */
    long readBytes() {
        return readBytes.sum();
    }

    /** Bytes that the packs have. */
    long storedBytes() {
        return storedBytes.sum();
    }
}
