package io.pgbk.archiver.backup;

/** Full backups of the newest supported version. */
final class BackupOn18Test extends BackupContract {
    BackupOn18Test() {
        super(18);
    }
}
