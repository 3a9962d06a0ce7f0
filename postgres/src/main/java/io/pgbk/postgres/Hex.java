package io.pgbk.postgres;

/** The hexadecimal digits of PostgreSQL's file names: capitals only. */
final class Hex {
    private Hex() {}

    static boolean isUpper(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) {
                return false;
            }
        }
        return true;
    }
}
