package io.pgbk.error;

import java.util.Locale;

/**
 * Every way in which pgbk can fail, with its stable process exit code.
 *
 * <p>The name in kebab case is the {@code code} of a JSON error and the anchor in docs/errors.md; the number is the
 * exit code of every command but {@code archive-get}, which has its own rule. Numbers never change and are never
 * reused.
 */
public enum ErrorCode {
    /** A check, a verification or a drill ran to its end and its verdict is negative. */
    NEGATIVE_VERDICT(1),
    /** The command line is wrong. */
    USAGE(2),
    /** The configuration is missing, unreadable or invalid. */
    CONFIGURATION(2),
    /** There is no repository at the configured place, or {@code pgbk init} did not finish. */
    REPOSITORY_NOT_INITIALISED(10),
    /** The store did not answer within the deadline. */
    REPOSITORY_UNREACHABLE(11),
    /** The store refused the credentials or the operation. */
    PERMISSION_DENIED(12),
    /** The store lacks a guarantee that pgbk needs. */
    STORE_UNSAFE(13),
    /** An object was written by a newer pgbk. */
    FORMAT_TOO_NEW(14),
    /** The key or the passphrase is wrong, or none was given. */
    KEY_WRONG(20),
    /** The configuration asks for encryption and the repository is plain, or the other way round. */
    ENCRYPTION_MISMATCH(21),
    /** The data belongs to another cluster, or to another incarnation of it. */
    OTHER_CLUSTER(30),
    /** A WAL file of this name with other content is in the archive. */
    WAL_CONFLICT(31),
    /** The file is not a valid WAL file for its name. */
    WAL_INVALID(32),
    /** Two different histories claim the same timeline: two servers were promoted. */
    TIMELINE_CONFLICT(33),
    /** The content of an object is not what was written. */
    OBJECT_DAMAGED(40),
    /** An object that must be there is not there. */
    OBJECT_MISSING(41),
    /** A WAL segment between others is missing. */
    WAL_GAP(42),
    /** PostgreSQL cannot be reached, or its settings do not allow the operation. */
    POSTGRES_UNSUITABLE(50),
    /** WAL does not arrive in the repository. */
    ARCHIVING_BROKEN(51),
    /** The server is not a primary, or its role changed while the command ran. */
    ROLE_CHANGED(52),
    /** The backup was taken and listed; some pages failed their checksums. */
    PAGE_CHECKSUM(53),
    /** The target directory cannot be restored into. */
    TARGET_UNSUITABLE(60),
    /** The recovery target cannot be reached with what is in the repository. */
    TARGET_UNREACHABLE(61),
    /** No backup fits the request. */
    NO_FITTING_BACKUP(62),
    /** There is not enough space on the file system. */
    NO_SPACE(63),
    /** A tablespace's directory is in the way. */
    TABLESPACE_CONFLICT(64),
    /** Another process holds what the command needs. */
    HELD_BY_ANOTHER(70),
    /** A lock, a pin or a policy forbids it. */
    REFUSED_BY_POLICY(71),
    /** A signal stopped the command; it cleaned up. */
    INTERRUPTED(80),
    /** A defect of pgbk. */
    INTERNAL(90);

    private final int exit;

    ErrorCode(int exit) {
        this.exit = exit;
    }

    /** The process exit code. */
    public int exit() {
        return exit;
    }

    /** The stable name for machines and documentation, for example {@code wal-conflict}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
