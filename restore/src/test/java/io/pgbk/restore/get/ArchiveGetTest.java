package io.pgbk.restore.get;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.ServerIdentity;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What archive-get delivers and what it never does, with a repository in a directory and no server. */
final class ArchiveGetTest {
    private static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    private static final long SYSTEM = 0xFEDC_BA98_7654_3210L;
    private static final String FIRST = "000000010000000000000001";
    private static final String SECOND = "000000010000000000000002";
    private static final String FOURTH = "000000010000000000000004";
    private static final ClusterName CLUSTER = new ClusterName("main");

    @TempDir
    private Path directory;

    private Path data;
    private Path wal;
    private Repository repository;

    @SuppressWarnings("NullAway.Init") // set before each test
    ArchiveGetTest() {}

    @BeforeEach
    void open() throws IOException {
        repository = initialise("repository");
        for (String name : List.of(FIRST, SECOND, FOURTH)) {
            put(repository, name, content(name));
        }
        data = directory.resolve("data");
        wal = Files.createDirectories(data.resolve("pg_wal"));
        Files.writeString(data.resolve("PG_VERSION"), "17\n");
    }

    @AfterEach
    void close() {
        repository.close();
    }

    private Repository initialise(String name) throws IOException {
        Path root = Files.createDirectory(directory.resolve(name));
        EncryptionSettings encryption = new EncryptionSettings.Encrypted(
                List.of(new UnlockSecret.KeyFile(Secret.copyOf(new byte[32]), "the test's key")));
        Repository made = Repository.initialise(
                        ObjectStores.open(new DirectoryStoreConfig(root)),
                        encryption,
                        InitOptions.SAFE,
                        RepositoryRuntime.system(Compression.DEFAULT, directory))
                .repository();
        new ClusterCatalog(made, CLUSTER).join(new ServerIdentity(SYSTEM, 17, 202406281, SIZE, 8192));
        return made;
    }

    private static byte[] content(String name) {
        byte[] content = new byte[SIZE.bytes()];
        new Random(name.hashCode()).nextBytes(content);
        return content;
    }

    private static void put(Repository to, String name, byte[] content) {
        ClusterCatalog cluster = new ClusterCatalog(to, CLUSTER);
        cluster.wal(cluster.newestIncarnation())
                .put(new WalUpload(
                        WalFileName.parse(name).orElseThrow(), new BytesBody(content), SYSTEM, Optional.empty()));
    }

    private static GetSource source(String name, Repository from) {
        return new GetSource(name, () -> new ClusterCatalog(from, CLUSTER));
    }

    private GetResult get(String name, GetSource... sources) {
        return new ArchiveGet(List.of(sources), Duration.ZERO, MonotonicTime.SYSTEM, TaskMonitor.SILENT)
                .get(name, Path.of("pg_wal/RECOVERYXLOG"), data);
    }

    private GetResult get(String name) {
        return get(name, source("primary", repository));
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call, String... texts) {
        assertThatExceptionOfType(PgbkException.class).isThrownBy(call).satisfies(e -> {
            assertThat(e.code()).as(e.toString()).isEqualTo(code);
            for (String text : texts) {
                assertThat(e.getMessage()).contains(text);
            }
        });
    }

    private void assertNothingDelivered() throws IOException {
        try (Stream<Path> files = Files.list(wal)) {
            assertThat(files).isEmpty();
        }
    }

    private Path object(String name) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("repository"))) {
            return files.filter(file -> file.endsWith(name)).findFirst().orElseThrow();
        }
    }

    @Test
    void whatIsDeliveredHasTheExactSizeAndContentUnderItsNameOnlyAndForItsOwnerOnly() throws IOException {
        assertThat(get(FIRST))
                .isEqualTo(new GetResult.Delivered(WalFileName.parse(FIRST).orElseThrow(), "primary", SIZE.bytes()));

        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content(FIRST));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(wal.resolve("RECOVERYXLOG"))))
                .isEqualTo("rw-------");
        try (Stream<Path> files = Files.list(wal)) {
            assertThat(files).as("no temporary file is left").hasSize(1);
        }
    }

    @Test
    void destinationIsReplacedAsAWholeByRename() throws IOException {
        Files.writeString(wal.resolve("RECOVERYXLOG"), "stale");
        Object before = Files.readAttributes(wal.resolve("RECOVERYXLOG"), "unix:ino");

        get(SECOND);

        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content(SECOND));
        assertThat((Object) Files.readAttributes(wal.resolve("RECOVERYXLOG"), "unix:ino"))
                .isNotEqualTo(before);
    }

    @Test
    void temporaryFilesOfKilledCallsGoAwayAndThoseOfLivingOnesStay() throws IOException {
        Path killed = Files.writeString(wal.resolve(".pgbk-get-RECOVERYXLOG-4194305"), "half");
        Path living = Files.writeString(wal.resolve(".pgbk-get-RECOVERYXLOG-1"), "half");
        Path other = Files.writeString(wal.resolve(".pgbk-get-RECOVERYHISTORY-4194305"), "half");

        get(FIRST);

        assertThat(killed).doesNotExist();
        assertThat(living).exists();
        assertThat(other).exists();
    }

    @ParameterizedTest
    @ValueSource(strings = {"flipped bit", "truncated", "empty", "longer"})
    void damagedOrTruncatedObjectIsNeverDelivered(String damage) throws IOException {
        Path object = object(FIRST);
        byte[] stored = Files.readAllBytes(object);
        byte[] changed = stored.clone();
        changed[stored.length / 2] ^= 1;
        Files.write(
                object,
                switch (damage) {
                    case "truncated" -> Arrays.copyOf(stored, stored.length * 2 / 3);
                    case "empty" -> new byte[0];
                    case "longer" -> Arrays.copyOf(stored, stored.length + 100);
                    default -> changed;
                });

        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(FIRST), FIRST);
        assertNothingDelivered();
    }

    @Test
    void swappedObjectsAreNeverDelivered() throws IOException {
        Path first = object(FIRST);
        Path second = object(SECOND);
        Path aside = directory.resolve("aside");
        Files.move(first, aside);
        Files.move(second, first);
        Files.move(aside, second);

        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(FIRST), FIRST);
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(SECOND), SECOND);
        assertNothingDelivered();
    }

    @Test
    void objectOfAnotherRepositoryUnderTheSameNameAndKeyIsNeverDelivered() throws IOException {
        try (Repository other = initialise("other")) {
            put(other, FIRST, content("other"));
        }
        try (Stream<Path> files = Files.walk(directory.resolve("other"))) {
            Path foreign =
                    files.filter(file -> file.endsWith(FIRST)).findFirst().orElseThrow();
            Files.copy(foreign, object(FIRST), StandardCopyOption.REPLACE_EXISTING);
        }

        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(FIRST), FIRST);
        assertNothingDelivered();
    }

    @Test
    void damageInOneRepositoryIsRetriedFromTheOther() throws IOException {
        Files.write(object(FIRST), new byte[100]);
        try (Repository other = initialise("other")) {
            put(other, FIRST, content(FIRST));

            assertThat(get(FIRST, source("primary", repository), source("other", other)))
                    .isEqualTo(new GetResult.Delivered(WalFileName.parse(FIRST).orElseThrow(), "other", SIZE.bytes()));
        }
        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(content(FIRST));
    }

    @Test
    void absenceInOneRepositoryAndAFaultInTheOtherIsAFaultInWhateverOrder() throws IOException {
        GetSource down = new GetSource("down", () -> {
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "no route to it");
        });
        GetSource sound = source("primary", repository);
        for (String name : List.of("000000010000000000000009", "00000002.history")) {
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> get(name, sound, down), "no route");
            assertFails(ErrorCode.REPOSITORY_UNREACHABLE, () -> get(name, down, sound), "no route");
        }
        assertNothingDelivered();
    }

    @Test
    void whatStandsInTheWayOfARecoveryIsNamedWithTheRepositoryAndTheWayOut() {
        GetSource gone = new GetSource("far", () -> {
            throw new PgbkException(ErrorCode.REPOSITORY_NOT_INITIALISED, "nothing is there", "Run init.");
        });

        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> get("000000010000000000000009", source("near", repository), gone))
                .satisfies(e -> {
                    assertThat(e.getMessage()).isEqualTo("repository far: nothing is there");
                    assertThat(e.hint())
                            .startsWith("Run init. ")
                            .contains("asks every configured repository")
                            .contains("take it out of the configuration");
                });
        assertThatExceptionOfType(PgbkException.class)
                .as("with one repository there is nothing to take out")
                .isThrownBy(() -> get("000000010000000000000009", gone))
                .satisfies(e -> {
                    assertThat(e.getMessage()).isEqualTo("nothing is there");
                    assertThat(e.hint()).isEqualTo("Run init.");
                });
    }

    @Test
    void withoutRepositoryJsonOrIncarnationNothingIsProvedAbsent() throws IOException {
        Files.delete(directory.resolve("repository/repository.json"));

        assertFails(ErrorCode.REPOSITORY_NOT_INITIALISED, () -> get("000000010000000000000009"));
        assertNothingDelivered();
    }

    @Test
    void holeIsAFailureInARecoveryAndAbsenceForAStandby() throws IOException {
        assertFails(
                ErrorCode.WAL_GAP, () -> get("000000010000000000000003"), "000000010000000000000003", FOURTH, "hole");
        assertNothingDelivered();
        Files.createFile(data.resolve("recovery.signal"));
        assertFails(ErrorCode.WAL_GAP, () -> get("000000010000000000000003"));

        Files.createFile(data.resolve("standby.signal"));
        assertThat(get("000000010000000000000003")).isInstanceOf(GetResult.ProvedAbsent.class);
    }

    @Test
    void endOfTheArchiveIsNoHoleEvenIfAnotherTimelineGoesOn() {
        put(repository, "000000020000000000000006", content("timeline 2"));

        assertThat(get("000000010000000000000005")).isInstanceOf(GetResult.ProvedAbsent.class);
        assertThat(get("000000020000000000000007")).isInstanceOf(GetResult.ProvedAbsent.class);
        assertThat(get("00000003.history")).isInstanceOf(GetResult.ProvedAbsent.class);
    }

    @Test
    void holeIsSeenWhicheverRepositoryGoesOn() throws IOException {
        try (Repository other = initialise("other")) {
            put(other, "000000010000000000000009", content("ahead"));

            assertFails(
                    ErrorCode.WAL_GAP,
                    () -> get("000000010000000000000005", source("primary", repository), source("other", other)),
                    "repository other");
        }
    }

    @Test
    void historyFilesAreDeliveredByteForByte() throws IOException {
        byte[] history = "1\t0/300000\tno recovery target specified\n".getBytes(StandardCharsets.UTF_8);
        put(repository, "00000002.history", history);

        get("00000002.history");

        assertThat(wal.resolve("RECOVERYXLOG")).hasBinaryContent(history);
    }
}
