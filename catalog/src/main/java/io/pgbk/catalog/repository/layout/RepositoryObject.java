package io.pgbk.catalog.repository.layout;

import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;

/**
 * What a name below the repository's prefix stands for. {@link RepositoryLayout#parse} makes it of a key, {@link
 * #key()} gives the key back, byte for byte.
 */
public sealed interface RepositoryObject {
    /** The key below the prefix. */
    String key();

    /** Format version, repository id and crypto suite; written last by init, so its presence means "initialised". */
    record RepositoryFile() implements RepositoryObject {
        @Override
        public String key() {
            return RepositoryLayout.REPOSITORY_FILE;
        }
    }

    /** One wrapped key set. */
    record KeySlot(String slotId) implements RepositoryObject {
        @Override
        public String key() {
            return RepositoryLayout.keySlot(slotId);
        }
    }

    /** A retention policy; the highest number is the valid one. */
    record Policy(int number) implements RepositoryObject {
        @Override
        public String key() {
            return RepositoryLayout.policy(number);
        }
    }

    /** An object of one cluster. */
    sealed interface OfCluster extends RepositoryObject {
        ClusterName cluster();
    }

    /** The description of an incarnation. */
    record Incarnation(ClusterName cluster, int incarnation) implements OfCluster {
        @Override
        public String key() {
            return RepositoryLayout.incarnation(cluster, incarnation);
        }
    }

    /** An object of one incarnation's WAL archive. */
    sealed interface OfWal extends OfCluster {
        int incarnation();
    }

    /**
     * A WAL file under PostgreSQL's own name, or beside it.
     *
     * @param variant empty for the name itself; else 8 lower-case digits of the content's digest, for a file that came
     *     later under the same name (and for every {@code .partial})
     */
    record Wal(ClusterName cluster, int incarnation, WalFileName name, String variant) implements OfWal {
        @Override
        public String key() {
            return RepositoryLayout.wal(cluster, incarnation, name, variant);
        }
    }

    /** Something that happened to a WAL file's name: a second content came, or a person chose between two. */
    record WalEvent(ClusterName cluster, int incarnation, WalSegmentName name, int number) implements OfWal {
        @Override
        public String key() {
            return RepositoryLayout.walEvent(cluster, incarnation, name, number);
        }
    }

    /** A roll-up of the indexes of one complete log; an accelerator only. */
    record WalIndex(ClusterName cluster, int incarnation, WalSegmentName first, WalSegmentName last) implements OfWal {
        @Override
        public String key() {
            return RepositoryLayout.walIndex(cluster, incarnation, first, last);
        }
    }

    /** Which WAL was removed on purpose; the highest number is valid. */
    record WalTrim(ClusterName cluster, int incarnation, int number) implements OfWal {
        @Override
        public String key() {
            return RepositoryLayout.walTrim(cluster, incarnation, number);
        }
    }

    /** An object of one backup. */
    sealed interface OfBackup extends OfCluster {
        Label label();
    }

    /** The claim of a label by the host that takes the backup. */
    record Intent(ClusterName cluster, Label label) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.intent(cluster, label);
        }
    }

    /** A sign of life of a running backup. */
    record Alive(ClusterName cluster, Label label, int number) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.alive(cluster, label, number);
        }
    }

    /** A manifest; generations after the first come from compaction. */
    record Manifest(ClusterName cluster, Label label, int generation) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.manifest(cluster, label, generation);
        }
    }

    /** The summary; its presence is the commit (or, with type aborted, the end). */
    record Backup(ClusterName cluster, Label label) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.backup(cluster, label);
        }
    }

    /** Something that happened to a backup after its commit. */
    record Event(ClusterName cluster, Label label, int number) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.event(cluster, label, number);
        }
    }

    /** Stored data of a backup. */
    record Pack(ClusterName cluster, Label label, int number) implements OfBackup {
        @Override
        public String key() {
            return RepositoryLayout.pack(cluster, label, number);
        }
    }

    /**
     * A statement that somebody needs labels or WAL for a while.
     *
     * @param holdId 16 lower-case hexadecimal digits
     * @param renewal 0, then 1 more for each renewal; the highest is valid
     */
    record Hold(ClusterName cluster, String holdId, int renewal) implements OfCluster {
        @Override
        public String key() {
            return RepositoryLayout.hold(cluster, holdId, renewal);
        }
    }

    /** Until when what a cluster needs is locked; the highest number is valid. */
    record LockRenewal(ClusterName cluster, int number) implements OfCluster {
        @Override
        public String key() {
            return RepositoryLayout.lockRenewal(cluster, number);
        }
    }

    /** A renewal of a lease; the highest epoch, and in it the highest renewal, is valid. */
    record Lease(ClusterName cluster, String name, int epoch, int renewal) implements OfCluster {
        @Override
        public String key() {
            return RepositoryLayout.lease(cluster, name, epoch, renewal);
        }
    }

    /** A name that this version does not know: ignored by readers, reported by verify, never deleted. */
    record Unknown(String key) implements RepositoryObject {}
}
