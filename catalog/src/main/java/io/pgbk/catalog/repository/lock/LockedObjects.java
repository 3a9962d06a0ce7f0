package io.pgbk.catalog.repository.lock;

import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;

/**
 * Which objects are locked against removal: those without which a backup could not be restored, or without which nobody
 * would know what may go. What pgbk itself writes and removes every few minutes is not.
 */
public final class LockedObjects {
    private LockedObjects() {}

    /** Whether an object with this key gets a lock when it is written. */
    public static boolean covers(String key) {
        return switch (RepositoryLayout.parse(key)) {
            case RepositoryObject.RepositoryFile ignored -> true;
            case RepositoryObject.KeySlot ignored -> true;
            case RepositoryObject.Policy ignored -> true;
            case RepositoryObject.Incarnation ignored -> true;
            case RepositoryObject.Wal ignored -> true;
            case RepositoryObject.WalEvent ignored -> true;
            case RepositoryObject.WalTrim ignored -> true;
            case RepositoryObject.Manifest ignored -> true;
            case RepositoryObject.Backup ignored -> true;
            case RepositoryObject.Intent ignored -> true;
            // Pins and verdicts: without them a backup would go too early, or be taken for good.
            case RepositoryObject.Event ignored -> true;
            case RepositoryObject.Pack ignored -> true;
            // They run out by themselves, or are made anew.
            case RepositoryObject.WalIndex ignored -> false;
            case RepositoryObject.Alive ignored -> false;
            case RepositoryObject.Hold ignored -> false;
            case RepositoryObject.Lease ignored -> false;
            case RepositoryObject.LockRenewal ignored -> false;
            case RepositoryObject.Unknown ignored -> false;
        };
    }
}
