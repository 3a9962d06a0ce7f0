package io.pgbk.restore.directory;

/** One setting of postgresql.auto.conf; the value is text as PostgreSQL sees it after unquoting. */
public record Setting(String name, String value) {
    public Setting {
        if (!name.matches("[a-z_][a-z0-9_.]*")) {
            throw new IllegalArgumentException("not a setting's name: " + name);
        }
        if (value.chars().anyMatch(c -> c == '\n' || c == '\r' || c == 0)) {
            throw new IllegalArgumentException("the value of " + name + " has a line break");
        }
    }

    /** As a line of a configuration file: quotes and backslashes doubled. */
    public String line() {
        return name + " = '" + value.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
