package io.pgbk.archiver.backup;

/**
 * Who takes a backup.
 *
 * @param host this machine's name
 * @param programVersion of this pgbk
 */
public record BackupOrigin(String host, String programVersion) {}
