package io.pgbk.catalog.repository.layout;

import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Builds and parses every key of a repository, relative to its prefix. A key that {@link #parse} recognises is exactly
 * the key that the build method of its parts gives; everything else is {@link RepositoryObject.Unknown}.
 *
 * <p>Counters are eight decimal digits with leading zeros, so that the order of a listing is the order of the numbers;
 * incarnations are plain decimal numbers.
 */
public final class RepositoryLayout {
    /** The file that makes a prefix a repository. */
    public static final String REPOSITORY_FILE = "repository.json";

    /** The folder of all key slots. */
    public static final String KEYS = "keys/";

    /** The folder of all retention policies. */
    public static final String POLICIES = "policy/";

    /** The folder of all clusters. */
    public static final String CLUSTERS = "clusters/";

    /** Where init tries what the store can do; a leftover below it is harmless. */
    public static final String PROBES = "probe/";

    /** The highest number of anything that is counted in a name. */
    public static final int MAX_NUMBER = 99_999_999;

    /**
     * From here on compactions number packs that they add to a label, each at random, so that two repositories may give
     * one name to different packs. Behind what a backup itself numbers: some 600 TB.
     */
    public static final int FIRST_ADDED_PACK = 10_000_000;

    private static final Pattern SLOT_ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final Pattern HOLD_ID = Pattern.compile("[0-9a-f]{16}");
    private static final Pattern LEASE_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final Pattern VARIANT = Pattern.compile("[0-9a-f]{8}");

    private RepositoryLayout() {}

    /** Whether the text can name a key slot: 1 to 64 lower-case letters, digits and inner {@code -}. */
    public static boolean isSlotId(String text) {
        return SLOT_ID.matcher(text).matches();
    }

    public static String keySlot(String slotId) {
        return KEYS + required(SLOT_ID, slotId) + ".json";
    }

    public static String policy(int number) {
        return POLICIES + counter(number);
    }

    /** The folder of one cluster. */
    public static String cluster(ClusterName cluster) {
        return CLUSTERS + cluster + "/";
    }

    /** The folder of a cluster's incarnations. */
    public static String incarnations(ClusterName cluster) {
        return cluster(cluster) + "incarnations/";
    }

    public static String incarnation(ClusterName cluster, int incarnation) {
        return incarnations(cluster) + positive(incarnation) + ".json";
    }

    /** The folder of an incarnation's WAL: timelines' folders and {@code .history} files. */
    public static String walArchive(ClusterName cluster, int incarnation) {
        return cluster(cluster) + "wal/" + positive(incarnation) + "/";
    }

    /** The folder of one timeline's WAL. */
    public static String walTimeline(ClusterName cluster, int incarnation, int timeline) {
        return walArchive(cluster, incarnation) + hex8(timeline) + "/";
    }

    /** The folder of one timeline's 4 GiB log. */
    public static String walLog(ClusterName cluster, int incarnation, int timeline, int log) {
        return walTimeline(cluster, incarnation, timeline) + hex8(log) + "/";
    }

    /** The key of a segment, and the prefix of everything that belongs to its name. */
    public static String walSegment(ClusterName cluster, int incarnation, WalSegmentName name) {
        return walLog(cluster, incarnation, name.timeline(), name.log()) + name;
    }

    /**
     * The key of a WAL file.
     *
     * @param variant empty for PostgreSQL's own name, else 8 lower-case hexadecimal digits of the content's digest
     */
    public static String wal(ClusterName cluster, int incarnation, WalFileName name, String variant) {
        String suffix = variant.isEmpty() ? "" : "." + required(VARIANT, variant);
        return switch (name) {
            case WalFileName.Segment segment -> walSegment(cluster, incarnation, segment.name()) + suffix;
            case WalFileName.Partial partial ->
                walLog(cluster, incarnation, partial.timeline(), partial.name().log()) + partial + suffix;
            case WalFileName.BackupHistory backup ->
                walLog(cluster, incarnation, backup.timeline(), backup.name().log()) + backup + suffix;
            case WalFileName.History history -> walArchive(cluster, incarnation) + history + suffix;
        };
    }

    /** The folder of the events of one segment's name. */
    public static String walEvents(ClusterName cluster, int incarnation, WalSegmentName name) {
        return walSegment(cluster, incarnation, name) + ".events/";
    }

    public static String walEvent(ClusterName cluster, int incarnation, WalSegmentName name, int number) {
        return walEvents(cluster, incarnation, name) + counter(number);
    }

    /** The folder of all roll-ups of a cluster's WAL indexes. */
    public static String walIndexes(ClusterName cluster) {
        return cluster(cluster) + "wal-index/";
    }

    /** The folder of one timeline's roll-ups. */
    public static String walIndexTimeline(ClusterName cluster, int incarnation, int timeline) {
        return walIndexes(cluster) + positive(incarnation) + "/" + hex8(timeline) + "/";
    }

    public static String walIndex(ClusterName cluster, int incarnation, WalSegmentName first, WalSegmentName last) {
        return walIndexTimeline(cluster, incarnation, first.timeline()) + first + "-" + last;
    }

    /** The folder of the documents that say which WAL of an incarnation was removed on purpose. */
    public static String walTrims(ClusterName cluster, int incarnation) {
        return cluster(cluster) + "wal-trims/" + positive(incarnation) + "/";
    }

    public static String walTrim(ClusterName cluster, int incarnation, int number) {
        return walTrims(cluster, incarnation) + counter(number);
    }

    /** The folder of all of a cluster's backups. */
    public static String backups(ClusterName cluster) {
        return cluster(cluster) + "backups/";
    }

    /** The folder of one backup's small objects. */
    public static String backupFolder(ClusterName cluster, Label label) {
        return backups(cluster) + label + "/";
    }

    public static String intent(ClusterName cluster, Label label) {
        return backupFolder(cluster, label) + "intent";
    }

    public static String alive(ClusterName cluster, Label label, int number) {
        return backupFolder(cluster, label) + "alive/" + counter(number);
    }

    public static String manifest(ClusterName cluster, Label label, int generation) {
        return manifestFolder(cluster, label) + counter(generation);
    }

    /** The prefix of all manifests of a backup. */
    public static String manifestFolder(ClusterName cluster, Label label) {
        return backupFolder(cluster, label) + "manifest/";
    }

    public static String backup(ClusterName cluster, Label label) {
        return backupFolder(cluster, label) + "backup";
    }

    /** The folder of one backup's events. */
    public static String events(ClusterName cluster, Label label) {
        return backupFolder(cluster, label) + "events/";
    }

    public static String event(ClusterName cluster, Label label, int number) {
        return events(cluster, label) + counter(number);
    }

    /** The folder of all of a cluster's packs. */
    public static String packs(ClusterName cluster) {
        return cluster(cluster) + "packs/";
    }

    /** The folder of the packs that one backup stored. */
    public static String packFolder(ClusterName cluster, Label label) {
        return packs(cluster) + label + "/";
    }

    public static String pack(ClusterName cluster, Label label, int number) {
        return packFolder(cluster, label) + counter(number);
    }

    /** The folder of a cluster's holds. */
    public static String holds(ClusterName cluster) {
        return cluster(cluster) + "holds/";
    }

    public static String hold(ClusterName cluster, String holdId, int renewal) {
        return holds(cluster) + required(HOLD_ID, holdId) + "." + counter(renewal);
    }

    /** The folder of what is known about a cluster's object locks. */
    public static String lockRenewals(ClusterName cluster) {
        return cluster(cluster) + "locks/";
    }

    public static String lockRenewal(ClusterName cluster, int number) {
        return lockRenewals(cluster) + counter(number);
    }

    /** The folder of one lease. */
    public static String lease(ClusterName cluster, String name) {
        return cluster(cluster) + "leases/" + required(LEASE_NAME, name) + "/";
    }

    public static String lease(ClusterName cluster, String name, int epoch, int renewal) {
        return lease(cluster, name) + counter(epoch) + "/" + counter(renewal);
    }

    /** What a key stands for. Never throws: a key of any form may lie in a bucket. */
    public static RepositoryObject parse(String key) {
        return tryParse(key.split("/", -1))
                .filter(object -> object.key().equals(key))
                .orElseGet(() -> new RepositoryObject.Unknown(key));
    }

    private static Optional<RepositoryObject> tryParse(String[] parts) {
        if (parts.length == 1) {
            return parts[0].equals(REPOSITORY_FILE)
                    ? Optional.of(new RepositoryObject.RepositoryFile())
                    : Optional.empty();
        }
        return switch (parts[0] + "/") {
            case KEYS -> parts.length == 2 ? keySlotOf(parts[1]) : Optional.empty();
            case POLICIES ->
                parts.length == 2 ? counterOf(parts[1]).map(RepositoryObject.Policy::new) : Optional.empty();
            case CLUSTERS ->
                parts.length > 3 && ClusterName.isValid(parts[1])
                        ? ClusterKeys.parse(new ClusterName(parts[1]), parts)
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<RepositoryObject> keySlotOf(String file) {
        return withoutSuffix(file, ".json")
                .filter(id -> SLOT_ID.matcher(id).matches())
                .map(RepositoryObject.KeySlot::new);
    }

    static boolean isHoldId(String text) {
        return HOLD_ID.matcher(text).matches();
    }

    static boolean isLeaseName(String text) {
        return LEASE_NAME.matcher(text).matches();
    }

    /** Whether the text can stand behind a WAL name: 8 lower-case hexadecimal digits. */
    public static boolean isVariant(String text) {
        return VARIANT.matcher(text).matches();
    }

    static Optional<String> withoutSuffix(String text, String suffix) {
        return text.endsWith(suffix)
                ? Optional.of(text.substring(0, text.length() - suffix.length()))
                : Optional.empty();
    }

    static Optional<Integer> counterOf(String text) {
        return text.length() == 8 && isDigits(text) ? Optional.of(Integer.parseInt(text)) : Optional.empty();
    }

    static Optional<Integer> positiveOf(String text) {
        boolean plain = !text.isEmpty() && text.length() <= 8 && isDigits(text) && text.charAt(0) != '0';
        return plain ? Optional.of(Integer.parseInt(text)) : Optional.empty();
    }

    private static boolean isDigits(String text) {
        return text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static String counter(int number) {
        if (number < 0 || number > MAX_NUMBER) {
            throw new IllegalArgumentException("number out of range: " + number);
        }
        return String.format(Locale.ROOT, "%08d", number);
    }

    private static String positive(int number) {
        if (number < 1 || number > MAX_NUMBER) {
            throw new IllegalArgumentException("incarnation out of range: " + number);
        }
        return Integer.toString(number);
    }

    private static String hex8(int value) {
        return String.format(Locale.ROOT, "%08X", value);
    }

    private static String required(Pattern pattern, String text) {
        if (!pattern.matcher(text).matches()) {
            throw new IllegalArgumentException("not allowed in a repository's name: " + Printable.of(text));
        }
        return text;
    }
}
