package io.pgbk.postgres.server;

import io.pgbk.postgres.WalSegmentSize;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What a server says about itself, read at one moment.
 *
 * @param version its version
 * @param systemIdentifier the cluster's identity, unsigned
 * @param catalogVersion the version of the system catalogues
 * @param dataDirectory where its files are, as it says
 * @param configFile its postgresql.conf
 * @param hbaFile its pg_hba.conf
 * @param identFile its pg_ident.conf
 * @param inRecovery whether it is a standby, or still recovers
 * @param timeline the timeline of its last checkpoint (on a standby: restartpoint)
 * @param walSegmentSize the size of WAL files
 * @param blockBytes the size of data pages
 * @param relationSegmentBlocks the pages of one file of a big relation
 * @param dataChecksums whether data pages carry checksums
 * @param fullPageWrites whether WAL written since the last checkpoint contains whole pages
 * @param archiving how it archives
 * @param walLevel minimal, replica or logical
 * @param checkpointTimeout the longest time between two checkpoints
 * @param startTime when it was started
 * @param tablespaces all but the built-in ones
 * @param settings more settings (see {@link #SETTING_NAMES}), each as PostgreSQL prints it without a unit
 * @param role what the connected role may do
 */
public record ServerFacts(
        ServerVersion version,
        long systemIdentifier,
        int catalogVersion,
        Path dataDirectory,
        Path configFile,
        Path hbaFile,
        Path identFile,
        boolean inRecovery,
        int timeline,
        WalSegmentSize walSegmentSize,
        int blockBytes,
        int relationSegmentBlocks,
        boolean dataChecksums,
        boolean fullPageWrites,
        Archiving archiving,
        String walLevel,
        Duration checkpointTimeout,
        Instant startTime,
        List<Tablespace> tablespaces,
        Map<String, String> settings,
        Role role) {
    /** The names in {@link #settings}; one that the server does not know is left out. */
    public static final List<String> SETTING_NAMES = List.of(
            "archive_timeout",
            "cluster_name",
            "hot_standby",
            "log_directory",
            "max_connections",
            "max_locks_per_transaction",
            "max_prepared_transactions",
            "max_wal_senders",
            "max_worker_processes",
            "port",
            "restore_command",
            "server_encoding",
            "summarize_wal",
            "track_commit_timestamp",
            "unix_socket_directories",
            "wal_compression",
            "wal_log_hints",
            "wal_summary_keep_time");

    /**
     * How a server archives.
     *
     * @param mode off, on or always
     * @param command archive_command; empty when not set or when a library archives
     * @param library archive_library (15 and later); empty when not set
     */
    public record Archiving(String mode, String command, String library) {
        /** Whether the archiver runs at all. */
        public boolean isOn() {
            return !mode.equals("off");
        }
    }

    /**
     * What the connected role may do.
     *
     * @param name the role
     * @param superuser whether everything is allowed
     * @param missingGrants the SQL statements that give the role what pgbk needs and it lacks; empty when nothing is
     *     missing
     */
    public record Role(String name, boolean superuser, List<String> missingGrants) {
        public Role {
            missingGrants = List.copyOf(missingGrants);
        }
    }

    public ServerFacts {
        tablespaces = List.copyOf(tablespaces);
        settings = Map.copyOf(settings);
    }

    /** The system identifier as PostgreSQL prints it. */
    public String systemIdentifierText() {
        return Long.toUnsignedString(systemIdentifier);
    }
}
