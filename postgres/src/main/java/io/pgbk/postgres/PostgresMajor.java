package io.pgbk.postgres;

import java.util.Optional;

/**
 * The major versions whose formats pgbk knows, with the numbers by which their files can be recognised (PostgreSQL's
 * catalog/catversion.h, catalog/pg_control.h and access/xlog_internal.h).
 */
public enum PostgresMajor {
    V13(13, 202007201, 1300, 0xD106),
    V14(14, 202107181, 1300, 0xD10D),
    V15(15, 202209061, 1300, 0xD110),
    V16(16, 202307071, 1300, 0xD113),
    V17(17, 202406281, 1700, 0xD116),
    V18(18, 202506291, 1800, 0xD118);

    private final int number;
    private final int catalogVersion;
    private final int controlVersion;
    private final int walMagic;

    PostgresMajor(int number, int catalogVersion, int controlVersion, int walMagic) {
        this.number = number;
        this.catalogVersion = catalogVersion;
        this.controlVersion = controlVersion;
        this.walMagic = walMagic;
    }

    /** The version as people write it, for example 17. */
    public int number() {
        return number;
    }

    /** The catalogue version of the releases (a beta may have another). */
    public int catalogVersion() {
        return catalogVersion;
    }

    /** The version of pg_control's layout. */
    public int controlVersion() {
        return controlVersion;
    }

    /** The 16-bit magic number at the start of every WAL page. */
    public int walMagic() {
        return walMagic;
    }

    /** The version with this number, or empty when pgbk does not know it. */
    public static Optional<PostgresMajor> of(int number) {
        for (PostgresMajor major : values()) {
            if (major.number == number) {
                return Optional.of(major);
            }
        }
        return Optional.empty();
    }

    /** The version that writes WAL pages with this magic number, or empty when pgbk does not know it. */
    public static Optional<PostgresMajor> ofWalMagic(int magic) {
        for (PostgresMajor major : values()) {
            if (major.walMagic == magic) {
                return Optional.of(major);
            }
        }
        return Optional.empty();
    }

    /** The version with this catalogue version, or empty when pgbk does not know it. */
    public static Optional<PostgresMajor> ofCatalogVersion(int catalogVersion) {
        for (PostgresMajor major : values()) {
            if (major.catalogVersion == catalogVersion) {
                return Optional.of(major);
            }
        }
        return Optional.empty();
    }

    /** Whether this version is {@code other} or newer. */
    public boolean atLeast(PostgresMajor other) {
        return compareTo(other) >= 0;
    }
}
