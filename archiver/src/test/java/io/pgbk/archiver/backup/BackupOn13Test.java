package io.pgbk.archiver.backup;

/** Full backups of the oldest supported version. */
final class BackupOn13Test extends BackupContract {
    BackupOn13Test() {
        super(13);
    }
}
