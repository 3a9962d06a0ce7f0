package io.pgbk.cli.config;

/**
 * A value that holds: what was said, what it means and where it comes from.
 *
 * @param path the full name with indexes, {@code repositories[0].url}
 * @param key its definition
 * @param text as written
 * @param value as read by the key's type
 */
public record Setting(String path, ConfigKey key, String text, Object value, Origin origin) {
    /** The text, masked when it is a secret. */
    public String shown() {
        return key.secret() ? "***" : text;
    }

    @Override
    public String toString() {
        return path + "=" + shown() + " (" + origin.describe() + ")";
    }
}
