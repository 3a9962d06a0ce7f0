package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.lease.Holds;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.StoredPolicies;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JSON that nobody of good will writes, under the right name and with the right keys: each reader says that the object is
 * damaged and names it, and never fails in another way.
 */
class HostileJsonTest {
    private static final Set<ErrorCode> CLEAN =
            Set.of(ErrorCode.OBJECT_DAMAGED, ErrorCode.FORMAT_TOO_NEW, ErrorCode.HELD_BY_ANOTHER);

    @TempDir
    Path directory;

    private TestPlace place;
    private ClusterCatalog cluster;
    private Label label;

    private interface Read {
        void run() throws IOException;
    }

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory, new ManualTime());
        cluster = place.cluster();
        label = SmallBackup.take(cluster);
        cluster.backups().pin(label, "test");
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.wal(1, 2, false));
        cluster.wal(cluster.newestIncarnation()).put(TestPlace.wal(1, 2, true));
    }

    /** Texts that are no good whatever the object should hold. */
    private static Map<String, String> texts(String good) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("empty", "");
        texts.put("no object", "[1, 2, 3]");
        texts.put("cut", good.substring(0, good.length() / 2));
        texts.put("trailing bytes", good + " {}");
        texts.put("duplicate member", "{\"kind\":\"a\"," + good.substring(1, good.length() - 1) + ",\"kind\":\"b\"}");
        texts.put("deep", "{\"a\":" + "[".repeat(5000) + "]".repeat(5000) + "}");
        texts.put("long text", "{\"kind\":\"" + "x".repeat(2 << 20) + "\"}");
        texts.put("long number", "{\"format\":" + "9".repeat(4000) + "}");
        texts.put("no members", "{}");
        texts.put("nulls", good.replaceAll("\"([a-zA-Z]+)\":\"[^\"]*\"", "\"$1\":null"));
        texts.put("numbers for texts", good.replaceAll("\"([a-zA-Z]+)\":\"[^\"]*\"", "\"$1\":7"));
        texts.put("texts for numbers", good.replaceAll("\"([a-zA-Z]+)\":[0-9]+", "\"$1\":\"seven\""));
        texts.put("negative numbers", good.replaceAll("\"([a-zA-Z]+)\":([0-9]+)", "\"$1\":-9223372036854775808"));
        texts.put("huge numbers", good.replaceAll("\"([a-zA-Z]+)\":([0-9]+)", "\"$1\":99999999999999999999"));
        texts.put("control characters", good.replace(":\"", ":\"\\u0000\\u001b[2J"));
        texts.put("not UTF-8", "{\"kind\":\"\u00ff\u00fe\"}");
        return texts;
    }

    private void every(String key, ObjectKind kind, Read read) throws IOException {
        SmallObjectCodec codec = new SmallObjectCodec(cluster.repository().keys(), new SecureRandom());
        Path file = place.directory().resolve(key);
        byte[] original = Files.readAllBytes(file);
        String good = new String(codec.open(kind, key, original), StandardCharsets.UTF_8);
        for (Map.Entry<String, String> text : texts(good).entrySet()) {
            byte[] content = text.getKey().equals("not UTF-8")
                    ? text.getValue().getBytes(StandardCharsets.ISO_8859_1)
                    : text.getValue().getBytes(StandardCharsets.UTF_8);
            try (InputStream sealed = codec.seal(kind, key, content).open()) {
                Files.write(file, sealed.readAllBytes());
            }
            expectClean(key + ": " + text.getKey(), key, read);
        }
        // Members of a later version are passed over.
        try (InputStream sealed = codec.seal(
                        kind,
                        key,
                        (good.substring(0, good.length() - 1) + ",\"ofALaterVersion\":{\"deep\":[1,2]}}")
                                .getBytes(StandardCharsets.UTF_8))
                .open()) {
            Files.write(file, sealed.readAllBytes());
        }
        read.run();
        Files.write(file, original);
        read.run();
    }

    private static void expectClean(String what, String key, Read read) throws IOException {
        try {
            read.run();
        } catch (PgbkException e) {
            assertThat(CLEAN).as(what + ": " + e).contains(e.code());
            assertThat(e.getMessage()).as(what).contains(key);
            assertThat(String.valueOf(e.getMessage())).as(what).hasSizeLessThan(2000);
        }
    }

    private void listing() {
        PgbkException damage = cluster.backups().listing().damaged().get(label);
        if (damage != null) {
            throw damage;
        }
    }

    @Test
    void inASummary() throws IOException {
        every(RepositoryLayout.backup(TestPlace.CLUSTER, label), ObjectKind.BACKUP, this::listing);
    }

    @Test
    void inAnEventOfABackup() throws IOException {
        every(RepositoryLayout.event(TestPlace.CLUSTER, label, 1), ObjectKind.EVENT, this::listing);
    }

    @Test
    void inAnEventOfASegment() throws IOException {
        WalSegmentName name = WalSegmentName.ofNumber(1, 2, TestPlace.SIZE);
        every(
                RepositoryLayout.walEvent(TestPlace.CLUSTER, 1, name, 1),
                ObjectKind.EVENT,
                () -> cluster.wal(cluster.newestIncarnation()).show(new WalFileName.Segment(name)));
    }

    @Test
    void inAnIntentAndInASignOfLife() throws IOException {
        Label dead = Label.require("20261121T010000Z-dead-full");
        Repository repository = cluster.repository();
        String intent = RepositoryLayout.intent(TestPlace.CLUSTER, dead);
        String alive = RepositoryLayout.alive(TestPlace.CLUSTER, dead, 1);
        repository
                .documents()
                .create(
                        ObjectKind.INTENT,
                        intent,
                        io.pgbk.catalog.repository.document.JsonDocument.newObject()
                                .put("owner", "x")
                                .put("incarnation", 1)
                                .put("parent", label.value())
                                .put("time", "2026-11-21T01:00:00Z"));
        repository
                .documents()
                .create(
                        ObjectKind.ALIVE,
                        alive,
                        io.pgbk.catalog.repository.document.JsonDocument.newObject()
                                .put("time", "2026-11-21T01:05:00Z"));
        Read read = () -> {
            PgbkException damage = cluster.backups().listing().damaged().get(dead);
            if (damage != null) {
                throw damage;
            }
        };
        every(intent, ObjectKind.INTENT, read);
        every(alive, ObjectKind.ALIVE, read);
    }

    @Test
    void inAHold() throws IOException {
        try (Holds.Hold hold = cluster.holds()
                .take(new Holds.HoldRequest("restore", Set.of(label), Optional.empty()), Duration.ofHours(1))) {
            every(
                    RepositoryLayout.hold(TestPlace.CLUSTER, hold.holdId(), 0),
                    ObjectKind.HOLD,
                    () -> cluster.holds().list());
        }
    }

    @Test
    void inAMacedDocument() throws IOException {
        String key = RepositoryLayout.incarnation(TestPlace.CLUSTER, 1);
        Path file = place.directory().resolve(key);
        byte[] original = Files.readAllBytes(file);
        String good =
                SealedJson.open(cluster.repository().keys(), key, original).strip();
        for (Map.Entry<String, String> text : texts(good).entrySet()) {
            String body = text.getValue().strip();
            if (body.startsWith("{") && body.endsWith("}") && !body.equals("{}")) {
                Files.write(file, SealedJson.seal(cluster.repository().keys(), key, body));
                expectClean(text.getKey(), key, () -> cluster.incarnation(1));
            }
            Files.writeString(file, text.getValue());
            expectClean("without MAC " + text.getKey(), key, () -> cluster.incarnation(1));
        }
        Files.write(file, original);
        assertThat(cluster.incarnation(1).number()).isEqualTo(1);
    }

    @Test
    void anObjectThatClaimsMoreThanAnyDocumentHasIsRefusedBeforeItIsRead() throws IOException {
        String key = RepositoryLayout.backup(TestPlace.CLUSTER, label);
        Path file = place.directory().resolve(key);
        byte[] huge = new byte[17 << 20];
        byte[] original = Files.readAllBytes(file);
        System.arraycopy(original, 0, huge, 0, original.length);
        Files.write(file, huge);
        expectClean("huge", key, this::listing);
        List<Finding> findings = RepositoryChecker.findings(cluster.repository());
        assertThat(findings).extracting(Finding::object).contains(key);
        Files.write(file, original);
    }

    @Test
    void aFormatOfTheFutureIsNamedAsSuch() throws IOException {
        String key = RepositoryLayout.incarnation(TestPlace.CLUSTER, 1);
        Path file = place.directory().resolve(key);
        String good = SealedJson.open(cluster.repository().keys(), key, Files.readAllBytes(file))
                .strip();
        Files.write(
                file, SealedJson.seal(cluster.repository().keys(), key, good.replace("\"format\":1", "\"format\":2")));
        try {
            cluster.incarnation(1);
            throw new AssertionError("a newer format was read");
        } catch (PgbkException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW);
            assertThat(e.hint()).contains("newer pgbk");
        }
    }

    @Test
    void inARetentionPolicy() throws IOException {
        StoredPolicies policies = new StoredPolicies(cluster.repository());
        policies.write(new RetentionPolicy(
                OptionalInt.of(3),
                Optional.of(Duration.ofDays(14)),
                4,
                12,
                5,
                ZoneId.of("Europe/Berlin"),
                Duration.ZERO));
        every(RepositoryLayout.policy(1), ObjectKind.POLICY, policies::newest);
    }
}
