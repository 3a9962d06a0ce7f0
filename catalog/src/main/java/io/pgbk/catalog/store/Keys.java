package io.pgbk.catalog.store;

/** The rules for object keys, the same for every store. */
final class Keys {
    /** S3 allows 1024 bytes for prefix and key together. */
    private static final int MAX_KEY_BYTES = 900;
    /** Longest file name on Linux. */
    private static final int MAX_PART_BYTES = 255;

    private Keys() {}

    /** Returns the key when it follows the rules of {@link ObjectStore}. */
    static String check(String key) {
        if (!isValid(key)) {
            throw new IllegalArgumentException("no valid object key: '" + key + "'");
        }
        return key;
    }

    /** Checks a key prefix: a valid key, or the beginning of one, ending in a slash or not; or empty. */
    static String checkPrefix(String prefix) {
        if (!prefix.isEmpty() && !isValid(prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix)) {
            throw new IllegalArgumentException("no valid key prefix: '" + prefix + "'");
        }
        return prefix;
    }

    /** Checks a prefix that is empty or names a directory. */
    static String checkDirectory(String prefix) {
        if (!prefix.isEmpty() && !prefix.endsWith("/")) {
            throw new IllegalArgumentException("a directory ends in a slash: '" + prefix + "'");
        }
        return checkPrefix(prefix);
    }

    static boolean isValid(String key) {
        if (key.isEmpty() || key.length() > MAX_KEY_BYTES) {
            return false;
        }
        int start = 0;
        for (int i = 0; i <= key.length(); i++) {
            char c = i == key.length() ? '/' : key.charAt(i);
            if (c == '/') {
                if (!isValidPart(key, start, i)) {
                    return false;
                }
                start = i + 1;
            } else if (c <= ' ' || c > '~' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    private static boolean isValidPart(String key, int start, int end) {
        int length = end - start;
        if (length == 0 || length > MAX_PART_BYTES || key.startsWith(DirectoryTemporaries.NAME_PREFIX, start)) {
            return false;
        }
        boolean onlyDots = length <= 2 && key.charAt(start) == '.' && key.charAt(end - 1) == '.';
        return !onlyDots;
    }
}
