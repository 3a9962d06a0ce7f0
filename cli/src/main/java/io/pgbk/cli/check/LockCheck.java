package io.pgbk.cli.check;

import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.LockProbe;
import io.pgbk.catalog.store.ObjectLock;
import io.pgbk.catalog.store.ObjectLocking;
import java.util.Locale;

/** Whether the locks of a repository's objects hold against the credentials that write it. */
final class LockCheck {
    private LockCheck() {}

    static CheckReport.Check of(String name, ObjectLocking locking) {
        return verdict(name, locking.settings(), locking.probe(RepositoryLayout.PROBES));
    }

    private static CheckReport.Check verdict(String name, ObjectLock lock, LockProbe probe) {
        String what = "mode " + lock.mode().name().toLowerCase(Locale.ROOT) + ", " + lock.days() + " days";
        if (!probe.accepted()) {
            return failed(
                    name,
                    "the bucket does not lock objects: " + probe.problem(),
                    "Object lock must be turned on when a bucket is made, and the credentials need"
                            + " s3:PutObjectRetention.");
        }
        if (!probe.refusesRemoval()) {
            return failed(
                    name,
                    "a locked object could be removed",
                    "The store does not keep its promise; do not rely on object-lock there.");
        }
        if (probe.evadable()) {
            return failed(
                    name,
                    "these credentials may remove locked objects (s3:BypassGovernanceRetention)",
                    "Take that right from them, or use mode compliance: whoever takes over this host could remove all"
                            + " backups.");
        }
        if (!probe.extendable()) {
            return failed(
                    name,
                    "the lock of an object could not be made longer: " + probe.problem(),
                    "The credentials need s3:PutObjectRetention and s3:GetObjectRetention, or locks of what is still"
                            + " needed run out.");
        }
        return new CheckReport.Check(name, true, "locked objects cannot be removed (" + what + ")", null);
    }

    /** A bucket that locks every object by itself. */
    static CheckReport.Check defaultRetention(String name, String rule) {
        return failed(
                name,
                "the bucket locks every new object by itself (" + rule + "), leases, holds and signs of life too",
                "Take the default retention off the bucket: these objects are written every minute and could not be"
                        + " removed. What must be locked is locked by object-lock in the configuration.");
    }

    private static CheckReport.Check failed(String name, String message, String hint) {
        return new CheckReport.Check(name, false, message, hint);
    }
}
