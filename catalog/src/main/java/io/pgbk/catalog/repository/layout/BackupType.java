package io.pgbk.catalog.repository.layout;

import java.util.Optional;

/** How much of the cluster a backup stores itself; what it describes is always the whole cluster. */
public enum BackupType {
    /** Stores everything. */
    FULL("full", "full"),
    /** Stores what changed since the last full backup. */
    DIFFERENTIAL("diff", "differential"),
    /** Stores what changed since the last backup of any type. */
    INCREMENTAL("incr", "incremental");

    private final String suffix;
    private final String id;

    BackupType(String suffix, String id) {
        this.suffix = suffix;
        this.id = id;
    }

    /** The last part of a label: {@code full}, {@code diff} or {@code incr}. */
    public String suffix() {
        return suffix;
    }

    /** The stable name in JSON: {@code full}, {@code differential} or {@code incremental}. */
    public String id() {
        return id;
    }

    /** The type with this {@link #suffix()}. */
    public static Optional<BackupType> ofSuffix(String suffix) {
        for (BackupType type : values()) {
            if (type.suffix.equals(suffix)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** The type with this {@link #id()}. */
    public static Optional<BackupType> ofId(String id) {
        for (BackupType type : values()) {
            if (type.id.equals(id)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
