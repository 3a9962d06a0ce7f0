package io.pgbk.catalog.store;

import java.util.Comparator;

/**
 * The order in which S3 lists names: that of their UTF-8 bytes, which is that of the characters' code points. Java's
 * strings compare by halves of characters; the two differ behind U+D7FF. pgbk's own names are ASCII, but anybody with
 * access to the bucket can put others beside them.
 */
final class NameOrder implements Comparator<String> {
    static final NameOrder BYTES = new NameOrder();

    private NameOrder() {}

    @Override
    public int compare(String left, String right) {
        int length = Math.min(left.length(), right.length());
        for (int i = 0; i < length; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                // A half of a surrogate pair stands for a code point above all that fit into one char.
                return Character.isSurrogate(a) == Character.isSurrogate(b)
                        ? Character.compare(a, b)
                        : Boolean.compare(Character.isSurrogate(a), Character.isSurrogate(b));
            }
        }
        return Integer.compare(left.length(), right.length());
    }
}
