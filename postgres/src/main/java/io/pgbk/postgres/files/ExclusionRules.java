package io.pgbk.postgres.files;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * What PostgreSQL's own backup leaves out (excludeDirContents, excludeFiles and noChecksumFiles of
 * backend/backup/basebackup.c), and what pgbk leaves out besides: state of the running server's role, copies of old
 * labels, core files.
 */
final class ExclusionRules {
    /** Directories of the data directory that must exist at start-up and whose content is made anew. */
    private static final Set<String> EMPTIED = Set.of(
            "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans");

    /** Below pg_wal, these directories exist in a backup, empty. */
    static final Set<String> WAL_DIRECTORIES = Set.of("archive_status", "summaries");

    private static final Set<String> ROOT_FILES = Set.of(
            "postgresql.auto.conf.tmp",
            "current_logfiles.tmp",
            "backup_label",
            "backup_label.old",
            "tablespace_map",
            "tablespace_map.old",
            "backup_manifest",
            "postmaster.pid",
            "postmaster.opts",
            "recovery.signal",
            "standby.signal",
            "promote",
            "fallback_promote",
            "logrotate",
            "lost+found");
    private static final Pattern CORE = Pattern.compile("core(\\.\\d+)?");
    private static final Pattern DATABASE_DIRECTORY = Pattern.compile("base/\\d+|global|pg_tblspc/\\d+/PG_[^/]+/\\d+");
    private static final Pattern DATA = Pattern.compile(
            "(base|global|pg_commit_ts|pg_logical|pg_multixact|pg_tblspc|pg_twophase|pg_xact|pg_stat)(/.*)?"
                    + "|PG_VERSION");

    private ExclusionRules() {}

    /** Whether only the directory itself belongs to a backup. */
    static boolean isEmptied(RelativePath directory, WalkOptions options) {
        return EMPTIED.contains(directory.characters())
                || options.excludedDirectories().contains(directory);
    }

    static boolean isWal(RelativePath path) {
        return path.characters().equals("pg_wal");
    }

    static boolean isTablespaceParent(RelativePath path) {
        return path.characters().equals("pg_tblspc");
    }

    /** Whether the directory holds relations of one database (or the shared ones). */
    static boolean isDatabaseDirectory(RelativePath directory) {
        return DATABASE_DIRECTORY.matcher(directory.characters()).matches();
    }

    /** Whether a cluster restored without this file or directory would not be the cluster. */
    static boolean isData(RelativePath path) {
        return DATA.matcher(path.characters()).matches();
    }

    /** Whether a name is left out, as a file or with everything below it. */
    static boolean isExcluded(RelativePath directory, String name) {
        if (name.startsWith("pgsql_tmp") || name.startsWith("pg_internal.init") || name.equals(".DS_Store")) {
            return true;
        }
        return directory.equals(RelativePath.ROOT)
                && (ROOT_FILES.contains(name) || CORE.matcher(name).matches());
    }
}
