package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.wal.SpansByTimeline;
import io.pgbk.catalog.repository.wal.TrimmedWal;
import io.pgbk.catalog.repository.wal.WalState;
import io.pgbk.catalog.repository.wal.WalTrimming;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.testkit.fuzz.FuzzTarget;
import io.pgbk.testkit.fuzz.FuzzTargets;
import io.pgbk.testkit.fuzz.Fuzzing;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The JSON documents of a repository, damaged and hostile, under the right name and sealed with the right keys: written
 * into a repository and read as every command reads them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DocumentFuzzTest implements FuzzTargets {
    private static final Label DEAD = Label.require("20261121T010000Z-dead-full");
    private static final WalSegmentName SEGMENT = WalSegmentName.ofNumber(1, 2, TestPlace.SIZE);

    private final Map<String, Site> sites = new java.util.concurrent.ConcurrentHashMap<>();

    @Override
    public Class<PgbkException> refusal() {
        return PgbkException.class;
    }

    @ParameterizedTest
    @MethodSource("targets")
    void damagedAndHostileBytesAreReadOrRefusedWithAClearMessage(FuzzTarget target) {
        new Fuzzing(this).run(target);
    }

    @AfterAll
    void remove() throws IOException {
        for (Site site : sites.values()) {
            site.cluster.repository().close();
            try (Stream<Path> files = Files.walk(site.directory)) {
                files.sorted(java.util.Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    /** A repository of its own for every target: they run at the same time. */
    private static final class Site {
        private final Path directory = temporaryDirectory();
        private final TestPlace place = new TestPlace(directory, new ManualTime());
        private final ClusterCatalog cluster = place.cluster();
        private final Label label = SmallBackup.take(cluster);
        private final SmallObjectCodec codec =
                new SmallObjectCodec(cluster.repository().keys(), new SecureRandom());

        private static Path temporaryDirectory() {
            try {
                return Files.createTempDirectory("pgbk-fuzz-documents-");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Path file(String key) {
            return place.directory().resolve(key);
        }

        private byte[] content(ObjectKind kind, String key) {
            try {
                return codec.open(kind, key, Files.readAllBytes(file(key)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void replace(ObjectKind kind, String key, byte[] content) throws IOException {
            Files.createDirectories(java.util.Objects.requireNonNull(file(key).getParent()));
            try (InputStream sealed = codec.seal(kind, key, content).open()) {
                Files.write(file(key), sealed.readAllBytes());
            }
        }

        private void listing(Label listed) {
            PgbkException damage = cluster.backups().listing().damaged().get(listed);
            if (damage != null) {
                throw damage;
            }
        }
    }

    private interface Read {
        void run(Site site) throws IOException;
    }

    private interface Key {
        String of(Site site);
    }

    private Site site(String name) {
        return sites.computeIfAbsent(name, _ -> new Site());
    }

    private FuzzTarget document(String name, ObjectKind kind, Key key, Supplier<List<byte[]>> samples, Read read) {
        return FuzzTarget.of(name, samples, input -> {
            Site site = site(name);
            site.replace(kind, key.of(site), input);
            read.run(site);
        });
    }

    @Override
    public List<FuzzTarget> targets() {
        return List.of(
                document(
                        "summary",
                        ObjectKind.BACKUP,
                        site -> RepositoryLayout.backup(TestPlace.CLUSTER, site.label),
                        () -> List.of(site("summary")
                                .content(
                                        ObjectKind.BACKUP,
                                        RepositoryLayout.backup(TestPlace.CLUSTER, site("summary").label))),
                        site -> site.listing(site.label)),
                document(
                        "event",
                        ObjectKind.EVENT,
                        site -> RepositoryLayout.event(TestPlace.CLUSTER, site.label, 1),
                        DocumentFuzzTest::events,
                        site -> site.listing(site.label)),
                document(
                        "intent",
                        ObjectKind.INTENT,
                        _ -> RepositoryLayout.intent(TestPlace.CLUSTER, DEAD),
                        () -> texts("{\"owner\":\"x\",\"incarnation\":1,\"parent\":\"20261121T000000Z-7k2f-full\","
                                + "\"time\":\"2026-11-21T01:00:00Z\"}"),
                        site -> site.listing(DEAD)),
                FuzzTarget.of(
                        "alive",
                        () -> texts(
                                "{\"time\":\"2026-11-21T01:00:00Z\"}",
                                "{\"time\":\"2026-11-21T01:00:00Z\",\"needs\":[\"20261121T000000Z-7k2f-full\"]}"),
                        this::signOfLife),
                FuzzTarget.of("wal-trims", DocumentFuzzTest::trims, this::trim),
                document(
                        "hold",
                        ObjectKind.HOLD,
                        _ -> RepositoryLayout.hold(TestPlace.CLUSTER, "0123456789abcdef", 0),
                        this::holds,
                        site -> site.cluster.holds().list()),
                document(
                        "wal-event",
                        ObjectKind.EVENT,
                        _ -> RepositoryLayout.walEvent(TestPlace.CLUSTER, 1, SEGMENT, 1),
                        () -> texts("{\"kind\":\"beside\",\"variant\":\"0123abcd\",\"reason\":\"longer\","
                                + "\"time\":\"2026-11-21T01:00:00Z\",\"by\":\"x\"}"),
                        site -> site.cluster
                                .wal(site.cluster.newestIncarnation())
                                .show(new WalFileName.Segment(SEGMENT))),
                FuzzTarget.of("incarnation", this::incarnations, this::incarnation),
                FuzzTarget.of("repository-json", this::repositories, this::repository));
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static List<byte[]> events() {
        String end = ",\"time\":\"2026-11-21T01:00:00Z\",\"by\":\"x\"}";
        return texts(
                "{\"kind\":\"pinned\",\"reason\":\"r\"" + end,
                "{\"kind\":\"unpinned\"" + end,
                "{\"kind\":\"annotated\",\"annotations\":{\"a\":\"b\"}" + end,
                "{\"kind\":\"expiring\",\"removeAfter\":\"2026-11-28T01:00:00Z\",\"reason\":\"r\"" + end,
                "{\"kind\":\"expiry-cancelled\",\"reason\":\"r\"" + end,
                "{\"kind\":\"verified\",\"verdict\":\"sound\",\"samplePercent\":12.5,\"objectsChecked\":1,"
                        + "\"bytesChecked\":2,\"finding\":\"f\"" + end,
                "{\"kind\":\"drilled\",\"good\":true,\"target\":\"t\",\"restoreSeconds\":1.5,\"replaySeconds\":0" + end,
                "{\"kind\":\"removing\"" + end,
                "{\"kind\":\"removing\",\"announcement\":{\"number\":1,\"time\":\"2026-11-21T01:00:00Z\"}" + end,
                "{\"kind\":\"manifest-proposed\",\"generation\":2,\"needs\":[\"20261121T010000Z-abcd-full\"]" + end,
                "{\"kind\":\"manifest-withdrawn\",\"proposal\":1,\"reason\":\"r\"" + end,
                "{\"kind\":\"manifest\",\"manifest\":{\"generation\":2,\"storedBytes\":5,\"sha256\":\"00\"},\"packs\":[{"
                        + "\"label\":\"20261121T010000Z-abcd-full\",\"numbers\":[1],\"storedBytes\":[9],"
                        + "\"usedBytes\":[5]}]" + end);
    }

    /** A sign of life of a copy, which says what that needs. */
    private void signOfLife(byte[] input) throws IOException {
        Site site = site("alive");
        site.replace(
                ObjectKind.INTENT,
                RepositoryLayout.intent(TestPlace.CLUSTER, DEAD),
                texts("{\"owner\":\"x\",\"incarnation\":1,\"time\":\"2026-11-21T01:00:00Z\",\"resumable\":true}")
                        .getFirst());
        site.replace(ObjectKind.ALIVE, RepositoryLayout.alive(TestPlace.CLUSTER, DEAD, 1), input);
        site.listing(DEAD);
        SmallBackup.needsOfRunning(site.cluster, DEAD);
    }

    private static List<byte[]> trims() {
        String begin = "{\"kind\":\"trimmed\",\"time\":\"2026-11-21T01:00:00Z\",\"by\":\"x\",\"timelines\":[";
        return texts(
                begin + "]}",
                begin + "{\"timeline\":1,\"removed\":[\"0/100000-0/300000\",\"0/500000-0/600000\"],"
                        + "\"announced\":[\"0/300000-0/400000\"],\"leftOut\":[\"0/700000-1/0\"]},"
                        + "{\"timeline\":4294967295,\"removed\":[\"FFFFFFFF/FFE00000-FFFFFFFF/FFF00000\"]}]}");
    }

    /** What is read can be used and written again, and says the same then. */
    private void trim(byte[] input) throws IOException {
        Site site = site("wal-trims");
        Path next = site.file(RepositoryLayout.walTrim(TestPlace.CLUSTER, 1, 2));
        site.replace(ObjectKind.EVENT, RepositoryLayout.walTrim(TestPlace.CLUSTER, 1, 1), input);
        WalTrimming trimming = WalTrimming.of(site.cluster.repository(), TestPlace.CLUSTER, 1);
        TrimmedWal read = trimming.read();
        WalState state = site.cluster.wal(site.cluster.newestIncarnation()).state();
        state.tree().timelines().forEach(state::gaps);
        try {
            trimming.write(read, read.removed(), read.announced());
            TrimmedWal again = trimming.read();
            boolean same = again.removed().equals(read.removed())
                    && again.announced().equals(read.announced())
                    && again.leftOut().equals(SpansByTimeline.minus(read.leftOut(), read.removed()));
            if (!same) {
                throw new IllegalStateException("written as " + again + ", read as " + read);
            }
        } finally {
            Files.deleteIfExists(next);
        }
    }

    private List<byte[]> holds() {
        Site site = site("hold");
        Holds.WalRange range = new Holds.WalRange(1, 1, new Lsn(1 << 20), Optional.of(new Lsn(2 << 20)));
        try (Holds.Hold hold = site.cluster
                .holds()
                .take(new Holds.HoldRequest("restore", Set.of(site.label), Optional.of(range)), Duration.ofHours(1))) {
            return List.of(site.content(ObjectKind.HOLD, RepositoryLayout.hold(TestPlace.CLUSTER, hold.holdId(), 0)));
        }
    }

    private List<byte[]> incarnations() {
        Site site = site("incarnation");
        String key = RepositoryLayout.incarnation(TestPlace.CLUSTER, 1);
        try {
            return texts(SealedJson.open(site.cluster.repository().keys(), key, Files.readAllBytes(site.file(key))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A JSON object as a document with a MAC that fits; what is no object gets none. */
    private static byte[] sealed(Site site, String key, byte[] input) {
        List<String> texts = new ArrayList<>(List.of(new String(input, StandardCharsets.UTF_8)));
        String text = texts.getFirst().strip();
        return text.startsWith("{") && text.endsWith("}") && text.length() > 1
                ? SealedJson.seal(site.cluster.repository().keys(), key, text)
                : input;
    }

    private void incarnation(byte[] input) throws IOException {
        Site site = site("incarnation");
        String key = RepositoryLayout.incarnation(TestPlace.CLUSTER, 1);
        Files.write(site.file(key), sealed(site, key, input));
        site.cluster.incarnation(1);
    }

    private List<byte[]> repositories() {
        Site site = site("repository-json");
        try {
            return texts(SealedJson.peek(
                    RepositoryLayout.REPOSITORY_FILE, Files.readAllBytes(site.file(RepositoryLayout.REPOSITORY_FILE))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void repository(byte[] input) throws IOException {
        Site site = site("repository-json");
        Files.write(site.file(RepositoryLayout.REPOSITORY_FILE), sealed(site, RepositoryLayout.REPOSITORY_FILE, input));
        site.place.open("fuzz").close();
    }
}
