package io.pgbk.postgres.files;

import java.util.Arrays;

/**
 * The names in one directory, sorted by their bytes, compactly: a directory can have millions.
 *
 * <p>Memory: the bytes of the names and 8 more for each; sorting needs 4 more for each.
 */
final class NameList {
    private byte[] bytes = new byte[1 << 12];
    private int used;
    private int[] ends = new int[1 << 8];
    private int[] order = new int[0];
    private int count;

    /** Adds a name, each byte of it shown as one character. */
    @SuppressWarnings("deprecation") // the only copy from a string to an array that allocates nothing
    void add(String characters) {
        int length = characters.length();
        if (used + length < 0) {
            throw new IllegalStateException("a directory's names need more than 2 GiB");
        }
        if (used + length > bytes.length) {
            bytes = Arrays.copyOf(bytes, grown(bytes.length, used + length));
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, grown(count, count + 1));
        }
        characters.getBytes(0, length, bytes, used);
        used += length;
        ends[count++] = used;
    }

    private static int grown(int now, int needed) {
        return Math.max(needed, (int) Math.min(Integer.MAX_VALUE - 8L, now + (long) (now >> 1)));
    }

    int size() {
        return count;
    }

    /** Must be called once, after the last {@link #add}. */
    void sort() {
        order = new int[count];
        Arrays.setAll(order, i -> i);
        mergeSort(order, new int[count], 0, count);
    }

    /** The name at this place of the sorted order. */
    @SuppressWarnings("deprecation")
    String get(int index) {
        int name = order[index];
        int start = start(name);
        return new String(bytes, 0, start, ends[name] - start);
    }

    private int start(int name) {
        return name == 0 ? 0 : ends[name - 1];
    }

    private int compare(int left, int right) {
        return Arrays.compareUnsigned(bytes, start(left), ends[left], bytes, start(right), ends[right]);
    }

    private void mergeSort(int[] values, int[] scratch, int from, int to) {
        if (to - from < 2) {
            return;
        }
        int middle = (from + to) >>> 1;
        mergeSort(values, scratch, from, middle);
        mergeSort(values, scratch, middle, to);
        if (compare(values[middle - 1], values[middle]) <= 0) {
            return;
        }
        System.arraycopy(values, from, scratch, from, middle - from);
        int left = from;
        int right = middle;
        int out = from;
        while (left < middle && right < to) {
            values[out++] = compare(scratch[left], values[right]) <= 0 ? scratch[left++] : values[right++];
        }
        System.arraycopy(scratch, left, values, out, middle - left);
    }
}
