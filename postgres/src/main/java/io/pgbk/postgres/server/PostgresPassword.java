package io.pgbk.postgres.server;

/** A password that never shows itself. */
public final class PostgresPassword {
    private final String value;

    public PostgresPassword(String value) {
        this.value = value;
    }

    String reveal() {
        return value;
    }

    @Override
    public String toString() {
        return "***";
    }
}
