package io.pgbk.postgres.server;

/**
 * A tablespace but the two built-in ones.
 *
 * @param oid its number, unsigned
 * @param name its name
 * @param location the directory, each byte shown as one character; relative ({@code pg_tblspc/<oid>}) when it is in
 *     place
 */
public record Tablespace(int oid, String name, String location) {
    /** Whether it is a real directory below pg_tblspc (developers' allow_in_place_tablespaces). */
    public boolean isInPlace() {
        return !location.startsWith("/");
    }
}
