package io.pgbk.catalog.format;

import io.pgbk.catalog.format.crypto.KeyClass;
import java.util.Optional;

/** What an envelope holds. Codes never change; readers ignore objects of kinds that they do not know. */
public enum ObjectKind {
    /** Content of data files. */
    PACK(1, KeyClass.DATA),
    /** One backup's description of the cluster. */
    MANIFEST(2, KeyClass.META),
    /** One archived WAL file. */
    WAL(3, KeyClass.DATA),
    /** The roll-up of a complete log. */
    WAL_INDEX(4, KeyClass.META),
    /** The summary whose presence commits (or, as aborted, ends) a backup. */
    BACKUP(5, KeyClass.META),
    /** The intent to take a backup. */
    INTENT(6, KeyClass.META),
    /** A sign of life of a running backup. */
    ALIVE(7, KeyClass.META),
    /** Something that happened to a backup, to a WAL file, or to the locks of objects. */
    EVENT(8, KeyClass.META),
    /** Who needs which backups and WAL until when. */
    HOLD(9, KeyClass.META),
    /** One renewal of a lease. */
    LEASE(10, KeyClass.META),
    /** A retention policy. */
    POLICY(11, KeyClass.META);

    private final int code;
    private final KeyClass keyClass;

    ObjectKind(int code, KeyClass keyClass) {
        this.code = code;
        this.keyClass = keyClass;
    }

    /** The stored code, 1 to 255. */
    public int code() {
        return code;
    }

    /** The class of keys that objects of this kind are encrypted with. */
    public KeyClass keyClass() {
        return keyClass;
    }

    /** The kind with the code, empty for one that this version does not know. */
    public static Optional<ObjectKind> ofCode(int code) {
        for (ObjectKind kind : values()) {
            if (kind.code == code) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
