package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is known about the cluster as a whole at the end of a backup.
 *
 * @param label of the backup
 * @param type {@code full}, {@code differential} or {@code incremental}
 * @param parents labels of backups whose packs this manifest uses, the direct parent first; empty for a full
 * @param incarnation number of the cluster's incarnation
 * @param systemIdentifier unsigned
 * @param pageBytes the cluster's block size
 * @param walSegmentBytes the cluster's segment size
 * @param pageChecksums whether the cluster has checksums in its pages, and whether they were verified
 * @param startTimeline the timeline of the start LSN
 * @param stopTimeline the timeline of the stop LSN
 * @param backupLabel content of the file {@code backup_label}
 * @param tablespaceMap content of the file {@code tablespace_map}; empty when there is none
 * @param settings the server's settings by name, as {@code pg_settings} shows them
 */
public record ManifestFacts(
        String label,
        String type,
        List<String> parents,
        int incarnation,
        long systemIdentifier,
        int postgresMajor,
        int controlVersion,
        int catalogVersion,
        int pageBytes,
        int walSegmentBytes,
        PageChecksums pageChecksums,
        boolean fromStandby,
        Lsn startLsn,
        int startTimeline,
        Lsn stopLsn,
        int stopTimeline,
        Instant startTime,
        Instant stopTime,
        Bytes backupLabel,
        Optional<Bytes> tablespaceMap,
        SortedMap<String, String> settings,
        List<Tablespace> tablespaces,
        List<ConfigurationFile> configurationFiles) {
    public ManifestFacts {
        parents = List.copyOf(parents);
        settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
        tablespaces = List.copyOf(tablespaces);
        configurationFiles = List.copyOf(configurationFiles);
        if (label.isEmpty()) {
            throw new IllegalArgumentException("a backup has a label");
        }
        if (pageChecksums.verifiedBefore().isAfter(startLsn)) {
            throw new IllegalArgumentException("a backup from " + startLsn + " cannot have verified pages up to "
                    + pageChecksums.verifiedBefore());
        }
        if (startLsn.compareTo(stopLsn) > 0) {
            throw new IllegalArgumentException("a backup from " + startLsn + " cannot end at " + stopLsn);
        }
    }

    /** Whether the cluster has checksums in its pages. */
    public boolean dataChecksums() {
        return pageChecksums.present();
    }

    /**
     * The same state of the same server, as another backup or in another repository.
     *
     * @param label of the backup that the manifest belongs to
     * @param type of it
     * @param parents labels of the backups whose packs it uses
     * @param incarnation number in the repository that the manifest lies in
     */
    public ManifestFacts as(String label, String type, List<String> parents, int incarnation) {
        return new ManifestFacts(
                label,
                type,
                parents,
                incarnation,
                systemIdentifier,
                postgresMajor,
                controlVersion,
                catalogVersion,
                pageBytes,
                walSegmentBytes,
                pageChecksums,
                fromStandby,
                startLsn,
                startTimeline,
                stopLsn,
                stopTimeline,
                startTime,
                stopTime,
                backupLabel,
                tablespaceMap,
                settings,
                tablespaces,
                configurationFiles);
    }

    /**
     * A tablespace other than the two built-in ones.
     *
     * @param oid unsigned
     * @param location absolute path, raw bytes; empty for an in-place one
     * @param inPlace whether it is a directory inside {@code pg_tblspc} and no link
     */
    public record Tablespace(int oid, Bytes location, boolean inPlace) {}

    /**
     * A configuration file of the server, in the data directory or outside.
     *
     * @param path absolute, raw bytes
     * @param role {@code config_file}, {@code hba_file}, {@code ident_file}, or {@code include} for one that another
     *     names
     */
    public record ConfigurationFile(Bytes path, String role, Bytes content) {}
}
