package io.pgbk.postgres.files;

/**
 * One of PostgreSQL's configuration files.
 *
 * @param kind which of the three trees of files it belongs to
 * @param path where it is, absolute, each byte shown as one character
 * @param mode the permission bits
 * @param content all its bytes
 * @param included whether another file includes it
 */
@SuppressWarnings("ArrayRecordComponent")
public record ConfigurationFile(Kind kind, String path, int mode, byte[] content, boolean included) {
    /** The trees of configuration files. */
    public enum Kind {
        /** config_file, usually postgresql.conf. */
        CONFIGURATION,
        /** hba_file, usually pg_hba.conf. */
        HOST_BASED_AUTHENTICATION,
        /** ident_file, usually pg_ident.conf. */
        USER_NAME_MAP
    }
}
