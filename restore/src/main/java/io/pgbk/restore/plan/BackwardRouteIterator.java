package io.pgbk.restore.plan;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Walks the segments of a route backward. */
final class BackwardRouteIterator implements Iterator<Route.Step> {
    private final List<Route.Stretch> stretches;
    private int stretch;
    private long next;

    BackwardRouteIterator(List<Route.Stretch> stretches) {
        this.stretches = stretches;
        this.stretch = stretches.size() - 1;
        this.next = stretches.isEmpty() ? -1 : stretches.getLast().last();
    }

    @Override
    public boolean hasNext() {
        return stretch >= 0;
    }

    @Override
    public Route.Step next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Route.Stretch current = stretches.get(stretch);
        Route.Step step = new Route.Step(current.timeline(), next);
        if (next > current.first()) {
            next--;
        } else {
            stretch--;
            next = stretch >= 0 ? stretches.get(stretch).last() : -1;
        }
        return step;
    }
}
