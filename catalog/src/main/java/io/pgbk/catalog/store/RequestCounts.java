package io.pgbk.catalog.store;

/**
 * How many requests an object store was sent; pages of a listing hold 1000 keys and count each.
 *
 * @param list pages of listings
 * @param get reads of objects or of ranges
 * @param head questions after an object's length
 * @param put objects created by one request, and uploads of large ones
 * @param delete objects removed
 */
public record RequestCounts(long list, long get, long head, long put, long delete) {
    @Override
    public String toString() {
        return list + " LIST, " + get + " GET, " + head + " HEAD, " + put + " PUT, " + delete + " DELETE";
    }
}
