package io.pgbk.archiver.backup;

import io.pgbk.postgres.files.RelativePath;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The pages that stayed wrong. Safe for use by many threads; names at most {@link #LIMIT}, counts all. */
final class PageFailures {
    static final int LIMIT = 100_000;

    private final List<Failure> named = new ArrayList<>();
    private long count;

    /** A page whose content cannot be what PostgreSQL wrote. */
    record Failure(RelativePath file, long block) {}

    synchronized void add(RelativePath file, long block) {
        count++;
        if (named.size() < LIMIT) {
            named.add(new Failure(file, block));
        }
    }

    /** How many there are, the unnamed included. */
    synchronized long count() {
        return count;
    }

    /** By file and block. */
    synchronized List<Failure> named() {
        List<Failure> sorted = new ArrayList<>(named);
        sorted.sort(Comparator.comparing(Failure::file).thenComparingLong(Failure::block));
        return sorted;
    }
}
