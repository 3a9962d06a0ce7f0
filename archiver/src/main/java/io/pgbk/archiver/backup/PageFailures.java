package io.pgbk.archiver.backup;

import io.pgbk.postgres.files.RelativePath;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The pages that stayed wrong, each once: a page can be found by the copy and be known from the parent backup too. Safe
 * for use by many threads; names at most {@link #LIMIT} and counts all, those that it cannot name without a look at
 * whether they were counted before.
 */
final class PageFailures {
    static final int LIMIT = 100_000;

    private final Set<Failure> named = new HashSet<>();
    private long count;

    /** A page whose content cannot be what PostgreSQL wrote. */
    record Failure(RelativePath file, long block) {}

    synchronized void add(RelativePath file, long block) {
        Failure failure = new Failure(file, block);
        if (named.size() < LIMIT ? named.add(failure) : !named.contains(failure)) {
            count++;
        }
    }

    /** Forgets the named pages of files that are not in the backup after all. */
    synchronized void forget(Predicate<RelativePath> files) {
        int before = named.size();
        named.removeIf(failure -> files.test(failure.file()));
        count -= before - named.size();
    }

    /** Whether the page is one of the named. */
    synchronized boolean contains(RelativePath file, long block) {
        return named.contains(new Failure(file, block));
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
