package io.pgbk.archiver.backup;

/** How a backup command ended that did not fail. */
public sealed interface BackupOutcome {
    /** The backup is committed. With page errors in the result the command's exit state is PAGE_CHECKSUM. */
    record Taken(BackupResult result) implements BackupOutcome {}

    /** Nothing was done, and nothing was to be done: {@code --if-primary} on a standby. */
    record NothingToDo(String reason) implements BackupOutcome {}
}
