package io.pgbk.catalog.repository;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Many small requests at the same time: their cost is waiting, not work. */
public final class ParallelReads {
    private static final int MAX_PARALLEL = 16;

    private ParallelReads() {}

    /** Applies a function to all elements, at most 16 at a time, and returns the results in the same order. */
    public static <A, B> List<B> map(List<A> elements, Function<A, B> function) {
        if (elements.size() < 2) {
            return elements.stream().map(function).toList();
        }
        List<B> results = new ArrayList<>(elements.size());
        try (ExecutorService threads = Executors.newFixedThreadPool(
                Math.min(MAX_PARALLEL, elements.size()), Thread.ofVirtual().factory())) {
            List<Future<B>> futures = new ArrayList<>(elements.size());
            for (A element : elements) {
                futures.add(threads.submit(() -> function.apply(element)));
            }
            try {
                for (Future<B> future : futures) {
                    results.add(future.get());
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw rethrown(e);
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new PgbkException(ErrorCode.INTERRUPTED, "interrupted while reading the catalogue", null, e);
            }
        }
        return results;
    }

    private static RuntimeException rethrown(ExecutionException e) {
        return switch (e.getCause()) {
            case Error error -> throw error;
            case RuntimeException failure -> failure;
            case null, default -> new IllegalStateException(e);
        };
    }
}
