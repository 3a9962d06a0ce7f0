package io.pgbk.restore.plan;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Walks the segments of a route forward. */
final class RouteIterator implements Iterator<Route.Step> {
    private final List<Route.Stretch> stretches;
    private int stretch;
    private long next;

    RouteIterator(List<Route.Stretch> stretches, long from) {
        this.stretches = stretches;
        this.next = from;
        settle();
    }

    private void settle() {
        while (stretch < stretches.size() && stretches.get(stretch).last() < next) {
            stretch++;
        }
        if (stretch < stretches.size()) {
            next = Math.max(next, stretches.get(stretch).first());
        }
    }

    @Override
    public boolean hasNext() {
        return stretch < stretches.size();
    }

    @Override
    public Route.Step next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Route.Step step = new Route.Step(stretches.get(stretch).timeline(), next);
        next++;
        settle();
        return step;
    }
}
