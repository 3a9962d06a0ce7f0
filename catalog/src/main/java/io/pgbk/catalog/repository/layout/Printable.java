package io.pgbk.catalog.repository.layout;

/** Makes foreign text safe to show: control and non-ASCII characters become {@code ?}, long text is cut. */
final class Printable {
    private static final int MAX_LENGTH = 120;

    private Printable() {}

    static String of(String text) {
        int shown = Math.min(text.length(), MAX_LENGTH);
        StringBuilder out = new StringBuilder(shown + 3);
        for (int i = 0; i < shown; i++) {
            char c = text.charAt(i);
            out.append(c >= 0x20 && c < 0x7F ? c : '?');
        }
        return shown < text.length() ? out.append("...").toString() : out.toString();
    }
}
