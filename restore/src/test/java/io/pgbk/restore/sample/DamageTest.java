package io.pgbk.restore.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.restore.get.GetResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kind of damage to every object of a repository, encrypted and plain: {@code verify} finds it and names the
 * object; {@code restore} and {@code archive-get} stop and name it, or deliver what was archived, byte for byte, when
 * they did not need the damaged part. With {@code -Plong} every byte of every object is damaged.
 */
class DamageTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final int FLIPS_IN_SHORT_RUN = 8;
    /** A restore costs more than a verification. */
    private static final int RESTORE_EACH = 8;

    @TempDir
    Path directory;

    private Path repository = Path.of("");
    private boolean encrypted;
    private final SortedMap<String, byte[]> objects = new TreeMap<>();
    private final Map<Label, Integer> backups = new HashMap<>();
    private final List<String> unnoticed = new ArrayList<>();
    private int mutations;
    private int restores;

    private void make(boolean withKeys) throws IOException {
        encrypted = withKeys;
        repository = directory.resolve("repository");
        SampleRepository.make(repository, encrypted);
        try (Stream<Path> files = Files.walk(repository)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String key = repository.relativize(file).toString();
                if (!(RepositoryLayout.parse(key) instanceof RepositoryObject.Unknown)) {
                    objects.put(key, Files.readAllBytes(file));
                }
            }
        }
        ClusterCatalog cluster = SampleRepository.open(repository, encrypted);
        for (BackupRecord backup : cluster.backups().list()) {
            backups.put(backup.label(), backups.size() + 1);
        }
        cluster.repository().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSoundSampleIsSoundAndHasEveryKindOfObject(boolean withKeys) throws IOException {
        make(withKeys);
        ClusterCatalog cluster = SampleRepository.open(repository, encrypted);
        assertThat(SampleUse.verify(cluster).findings()).isEmpty();
        for (Map.Entry<Label, Integer> backup : backups.entrySet()) {
            Path target = directory.resolve("restored" + backup.getValue());
            SampleUse.restore(cluster, backup.getKey(), target);
            SampleUse.assertRestored(target, backup.getValue());
        }
        cluster.repository().close();
        Set<String> kinds = new TreeSet<>();
        objects.keySet().forEach(key -> kinds.add(kind(key)));
        Set<String> expected = new TreeSet<>(Set.of(
                "RepositoryFile",
                "Incarnation",
                "Wal",
                "WalEvent",
                "Intent",
                "Alive",
                "Manifest",
                "Backup",
                "Event",
                "Pack",
                "Hold",
                "Lease"));
        if (encrypted) {
            expected.add("KeySlot");
        }
        assertThat(kinds).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFlippedBitAnywhereIsFoundAndNamed(boolean withKeys) throws IOException {
        make(withKeys);
        int turn = 0;
        for (Map.Entry<String, byte[]> object : objects.entrySet()) {
            for (int at : positions(object.getValue().length, turn++)) {
                byte[] damaged = object.getValue().clone();
                damaged[at] ^= (byte) (1 << (at + turn) % 8);
                expectFound("bit of byte " + at, Map.of(object.getKey(), damaged), at % RESTORE_EACH == 0);
            }
        }
        assertNoneUnnoticed();
    }

    /** Some in each part of an object: header, first frame, in between, index, trailer. */
    private static Set<Integer> positions(int length, int turn) {
        Set<Integer> positions = new TreeSet<>();
        if (LONG) {
            for (int at = 0; at < length; at++) {
                positions.add(at);
            }
            return positions;
        }
        positions.add(turn % 12);
        positions.add(12 + turn % 20);
        positions.add(32 + turn % 36);
        for (int i = 1; i <= FLIPS_IN_SHORT_RUN - 6; i++) {
            positions.add((int) ((long) length * i / (FLIPS_IN_SHORT_RUN - 5)) + turn % 7);
        }
        positions.add(length - 1 - turn % 8);
        positions.add(length - 9 - turn % 32);
        positions.add(length - 41 - turn % 60);
        positions.removeIf(at -> at < 0 || at >= length);
        return positions;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anObjectOfAnotherLengthIsFoundAndNamed(boolean withKeys) throws IOException {
        make(withKeys);
        int turn = 0;
        for (Map.Entry<String, byte[]> object : objects.entrySet()) {
            byte[] whole = object.getValue();
            for (int length : new int[] {0, whole.length / 2, whole.length - 1, whole.length + 1}) {
                expectFound(
                        "length " + length + " of " + whole.length,
                        Map.of(object.getKey(), Arrays.copyOf(whole, length)),
                        turn++ % RESTORE_EACH == 0);
            }
        }
        assertNoneUnnoticed();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void objectsOfOneKindThatChangedPlacesAreFoundAndNamed(boolean withKeys) throws IOException {
        make(withKeys);
        Map<String, List<String>> byKind = objects.keySet().stream()
                .collect(Collectors.groupingBy(DamageTest::kind, TreeMap::new, Collectors.toList()));
        for (List<String> keys : byKind.values()) {
            for (int i = 0; i + 1 < keys.size(); i++) {
                Map<String, byte[]> swapped = new HashMap<>();
                swapped.put(keys.get(i), objects.getOrDefault(keys.get(i + 1), new byte[0]));
                swapped.put(keys.get(i + 1), objects.getOrDefault(keys.get(i), new byte[0]));
                expectFound("swapped", swapped, true);
            }
        }
        assertNoneUnnoticed();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anObjectThatVanishedIsFoundAndNamedUnlessThatIsAnOrdinaryState(boolean withKeys) throws IOException {
        make(withKeys);
        for (String key : objects.keySet()) {
            Files.delete(repository.resolve(key));
            if (!isOrdinaryWithout(key)) {
                check("removed", Set.of(key), true);
            }
            Files.write(repository.resolve(key), objects.getOrDefault(key, new byte[0]));
        }
        assertNoneUnnoticed();
    }

    /**
     * What pgbk itself removes, or what comes into being last: without it the repository is one that could have been
     * made. docs/threat-model.md says so.
     */
    private boolean isOrdinaryWithout(String key) {
        return switch (RepositoryLayout.parse(key)) {
            case RepositoryObject.Hold ignored -> true;
            case RepositoryObject.Lease ignored -> true;
            case RepositoryObject.Alive ignored -> true;
            // One that the configured key does not open, or a removed one.
            case RepositoryObject.KeySlot ignored -> true;
            // Of the backup that died.
            case RepositoryObject.Intent intent -> !backups.containsKey(intent.label());
            case RepositoryObject.Event event -> isLastOf(key, RepositoryLayout.events(event.cluster(), event.label()));
            case RepositoryObject.Wal wal ->
                switch (wal.name()) {
                    // The first and the last of a timeline, which no backup needs.
                    case WalFileName.Segment(WalSegmentName name) ->
                        wal.variant().isEmpty()
                                && (name.toString().equals("000000010000000000000001")
                                        || name.toString().equals("000000020000000000000006"));
                    case WalFileName.Partial ignored -> true;
                    case WalFileName.BackupHistory ignored -> true;
                    case WalFileName.History ignored -> false;
                };
            case RepositoryObject.WalEvent event ->
                isLastOf(key, RepositoryLayout.walEvents(event.cluster(), event.incarnation(), event.name()));
            default -> false;
        };
    }

    private boolean isLastOf(String key, String folder) {
        return objects.keySet().stream()
                .filter(other -> other.startsWith(folder))
                .max(String::compareTo)
                .filter(key::equals)
                .isPresent();
    }

    @Test
    void anOlderEncodingUnderTheSameNameIsFound() throws IOException {
        // Authentic in every byte for these keys and this name, but not what the backup was committed with.
        make(true);
        int turn = 0;
        for (String key : objects.keySet()) {
            boolean checked = switch (RepositoryLayout.parse(key)) {
                case RepositoryObject.Pack ignored -> true;
                case RepositoryObject.Manifest ignored -> true;
                // Later summaries are chained to it.
                case RepositoryObject.Backup backup -> backups.getOrDefault(backup.label(), 4) < 4;
                default -> false;
            };
            if (checked) {
                byte[] other = SampleRepository.encodedAgain(repository, key, directory.resolve("again" + turn++));
                boolean summary = RepositoryLayout.parse(key) instanceof RepositoryObject.Backup;
                // A summary of the same content restores the same; a restore reads no other backup's.
                expectFound("another encoding", Map.of(key, other), !summary);
            }
        }
        assertThat(turn).isEqualTo(4 + 4 + 3);
        assertNoneUnnoticed();
    }

    @Test
    void unknownNamesAreReportedAndHarmless() throws IOException {
        make(true);
        List<String> names = List.of(
                "holiday.jpg",
                "clusters/main/sums/1",
                "clusters/main/backups/latest",
                "clusters/main/wal/1/00000001/00000000/000000010000000000000001.pieces/0-8192",
                "clusters/main/wal/1/README",
                "clusters/main/packs/x");
        for (String name : names) {
            Files.createDirectories(repository.resolve(name).getParent());
            Files.writeString(repository.resolve(name), "x");
        }
        ClusterCatalog cluster = SampleRepository.open(repository, true);
        List<Finding> findings = SampleUse.verify(cluster).findings();
        assertThat(findings).allMatch(finding -> !finding.serious());
        assertThat(findings).extracting(Finding::object).anyMatch(names.getFirst()::equals);
        assertThat(findings)
                .extracting(Finding::object)
                .contains("clusters/main/sums/", "clusters/main/backups/latest", "clusters/main/wal/1/README");
        cluster.repository().close();
    }

    // ---- one damage

    private void expectFound(String what, Map<String, byte[]> damage, boolean alsoRestore) throws IOException {
        for (Map.Entry<String, byte[]> object : damage.entrySet()) {
            Files.write(repository.resolve(object.getKey()), object.getValue());
        }
        check(what, damage.keySet(), alsoRestore);
        for (String key : damage.keySet()) {
            Files.write(repository.resolve(key), objects.getOrDefault(key, new byte[0]));
        }
    }

    private void check(String what, Set<String> keys, boolean alsoRestore) throws IOException {
        mutations++;
        String damage = what + " of " + keys;
        ClusterCatalog cluster;
        try {
            cluster = SampleRepository.open(repository, encrypted);
        } catch (PgbkException e) {
            // repository.json, or the slot that the key opens: nothing can be begun.
            if (keys.stream().noneMatch(key -> isNamed(key, e.getMessage() + e.hint()))) {
                unnoticed.add("opening with " + damage + " said " + e);
            }
            return;
        }
        try {
            List<Finding> findings = alsoRestore ? SampleUse.verify(cluster).findings() : SampleUse.find(cluster);
            Set<String> found = findings.stream()
                    .filter(Finding::serious)
                    .map(Finding::object)
                    .collect(Collectors.toSet());
            for (String key : keys) {
                if (found.stream().noneMatch(object -> object.equals(key) || key.endsWith("/" + object))) {
                    unnoticed.add("verify after " + damage + " found " + found);
                }
            }
            if (alsoRestore) {
                restoreAll(cluster, damage, keys);
            }
            getAll(cluster, damage, keys);
        } catch (PgbkException e) {
            unnoticed.add("verify after " + damage + " ended with " + e);
        } finally {
            cleanUp(cluster);
        }
    }

    /** What verify and restore write themselves goes again. */
    private void cleanUp(ClusterCatalog cluster) throws IOException {
        cluster.repository().close();
        List<Path> added;
        try (Stream<Path> files = Files.walk(repository)) {
            added = files.filter(Files::isRegularFile)
                    .filter(file ->
                            !objects.containsKey(repository.relativize(file).toString()))
                    .toList();
        }
        for (Path file : added) {
            Files.delete(file);
        }
    }

    private static boolean isNamed(String key, String text) {
        return text.contains(key)
                || text.contains(key.substring(key.lastIndexOf('/') + 1))
                || (key.equals(RepositoryLayout.REPOSITORY_FILE) && text.contains("there is no repository"));
    }

    private void restoreAll(ClusterCatalog cluster, String damage, Set<String> keys) throws IOException {
        for (Map.Entry<Label, Integer> backup : backups.entrySet()) {
            Path target = directory.resolve("restored-" + restores++);
            try {
                SampleUse.restore(cluster, backup.getKey(), target);
                SampleUse.assertRestored(target, backup.getValue());
            } catch (PgbkException e) {
                boolean named = keys.stream().anyMatch(key -> isNamed(key, e.getMessage() + causes(e)));
                if (!named) {
                    unnoticed.add("restore after " + damage + " ended with " + e);
                }
                assertThat(target.resolve("global/pg_control")).doesNotExist();
            } catch (AssertionError e) {
                unnoticed.add("restore after " + damage + " delivered something else: " + e.getMessage());
            }
            deleteTree(target);
        }
    }

    private static String causes(Throwable e) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            text.append(' ').append(cause.getMessage());
        }
        return text.toString();
    }

    private void getAll(ClusterCatalog cluster, String damage, Set<String> keys) throws IOException {
        for (String key : keys) {
            if (RepositoryLayout.parse(key) instanceof RepositoryObject.Wal wal
                    && Files.exists(repository.resolve(key))) {
                Path data = directory.resolve("data");
                try {
                    GetResult result = SampleUse.get(cluster, wal.name().toString(), data);
                    // Another version of the same name may be the one that is delivered.
                    boolean other = objects.keySet().stream()
                            .anyMatch(o -> !keys.contains(o)
                                    && RepositoryLayout.parse(o) instanceof RepositoryObject.Wal w
                                    && w.name().equals(wal.name()));
                    if (!other || !(result instanceof GetResult.Delivered)) {
                        unnoticed.add("archive-get after " + damage + " gave " + result);
                    }
                } catch (PgbkException e) {
                    if (keys.stream().noneMatch(named -> isNamed(named, String.valueOf(e.getMessage())))) {
                        unnoticed.add("archive-get after " + damage + " ended with " + e);
                    }
                }
                Files.deleteIfExists(data.resolve("pg_wal/RECOVERYXLOG"));
            }
        }
    }

    private void assertNoneUnnoticed() {
        assertThat(unnoticed)
                .as("%d of %d damages", unnoticed.size(), mutations)
                .isEmpty();
    }

    private static String kind(String key) {
        return RepositoryLayout.parse(key).getClass().getSimpleName();
    }

    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(tree)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
