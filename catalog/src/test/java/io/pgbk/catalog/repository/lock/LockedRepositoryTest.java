package io.pgbk.catalog.repository.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.repository.InitOptions;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.SmallBackup;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectLock;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.catalog.store.S3Credentials;
import io.pgbk.catalog.store.S3StoreConfig;
import io.pgbk.catalog.store.Secret;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.WalFileName;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Repositories in buckets with object lock and with versions on a real store, and somebody who has the credentials. */
class LockedRepositoryTest {
    private static final int DAYS = 4;
    private static final Pattern UNTIL = Pattern.compile("<RetainUntilDate>([^<]+)</RetainUntilDate>");

    private static S3Endpoint locked;
    private static S3Endpoint versioned;
    private static S3Endpoint plain;

    @TempDir
    private Path directory;

    @BeforeAll
    static void makeBuckets() {
        Optional<RgwServer> server = RgwServer.find();
        Assumptions.assumeTrue(server.isPresent(), "NOT TESTED: Ceph RADOS Gateway is not installed");
        String name = Long.toHexString(System.nanoTime());
        plain = server.orElseThrow().http("lock-plain-" + name);
        versioned = server.orElseThrow().http("lock-versioned-" + name);
        new S3Admin(versioned).enableVersioning();
        locked = plain.withBucket("lock-locked-" + name);
        new S3Admin(locked).createLockedBucket();
    }

    private static ObjectStore openStore(S3Endpoint endpoint, String prefix, boolean lock) {
        return ObjectStores.open(S3StoreConfig.of(endpoint.bucket(), prefix)
                .withEndpoint(endpoint.url(), endpoint.region(), true)
                .withCredentials(new S3Credentials.Fixed(endpoint.accessKey(), new Secret(endpoint.secretKey())))
                .withObjectLock(
                        lock
                                ? new ObjectLock(
                                        ObjectLock.Mode.COMPLIANCE, DAYS, InstantSource.system(), LockedObjects::covers)
                                : null));
    }

    private RepositoryRuntime runtime() {
        return new RepositoryRuntime(
                InstantSource.system(),
                MonotonicTime.SYSTEM,
                new SecureRandom(),
                "test",
                Compression.DEFAULT,
                directory);
    }

    private ClusterCatalog init(ObjectStore store) {
        ClusterCatalog cluster = new ClusterCatalog(
                Repository.initialise(store, TestPlace.encrypted(1), InitOptions.SAFE, runtime())
                        .repository(),
                TestPlace.CLUSTER);
        cluster.join(TestPlace.SERVER);
        return cluster;
    }

    private Repository open(ObjectStore store) {
        return Repository.open(store, TestPlace.encrypted(1), runtime());
    }

    /** Whoever opens the repository now finds the backup, its data, its WAL, and nothing to complain about. */
    private void assertReadable(ObjectStore store, Label label) {
        try (Repository repository = open(store)) {
            RepositoryChecker.assertSound(repository);
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            assertThat(repository.clusters()).containsExactly(TestPlace.CLUSTER);
            assertThat(cluster.backups().listing().backups())
                    .extracting(BackupRecord::label)
                    .containsExactly(label);
            var wal = cluster.wal(cluster.newestIncarnation());
            WalObject segment = wal.find(WalFileName.parse(SmallBackup.SEGMENT).orElseThrow())
                    .orElseThrow();
            assertThat(wal.read(segment, new ByteArrayOutputStream())).isEqualTo(TestPlace.SIZE.bytes());
        }
    }

    @Test
    void whoOverwritesAndDeletesEveryObjectOfAVersionedBucketHidesNothing() {
        Label label;
        try (Repository repository = init(openStore(versioned, "cover", false)).repository()) {
            label = SmallBackup.take(new ClusterCatalog(repository, TestPlace.CLUSTER));
        }
        new S3Admin(versioned).coverEverything("cover/");
        assertReadable(openStore(versioned, "cover", false), label);
    }

    @Test
    void aWalNameWithADeleteMarkerIsNeverReportedAsAbsent() {
        try (Repository repository = init(openStore(versioned, "marked", false)).repository()) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            var wal = cluster.wal(cluster.newestIncarnation());
            WalFileName absent = WalFileName.parse("000000010000000000000007").orElseThrow();
            assertThat(wal.find(absent)).isEmpty();
            String key = RepositoryLayout.wal(TestPlace.CLUSTER, 1, absent, "");
            new S3Admin(versioned).send("DELETE", "marked/" + key, Map.of(), "");
            assertThatThrownBy(() -> wal.find(absent))
                    .isInstanceOf(PgbkException.class)
                    .hasMessageContaining(absent.toString())
                    .extracting(failure -> ((PgbkException) failure).code())
                    .isEqualTo(ErrorCode.OBJECT_MISSING);
        }
    }

    @Test
    void junkThatWasUnderANameFirstIsPassedOverForDocumentsWalAndPacks() {
        String prefix = "first";
        Label label;
        try (Repository repository = init(openStore(versioned, prefix, false)).repository()) {
            label = SmallBackup.take(new ClusterCatalog(repository, TestPlace.CLUSTER));
        }
        // As if the attacker had been there before: the same content again over junk of the same length and of another.
        S3Admin attacker = new S3Admin(versioned);
        try (ObjectStore store = openStore(versioned, prefix, false)) {
            List<ObjectInfo> objects = new ArrayList<>();
            store.list("clusters/", "").forEachRemaining(objects::add);
            boolean sameLength = false;
            for (ObjectInfo object : objects) {
                RepositoryObject what = RepositoryLayout.parse(object.key());
                if (what instanceof RepositoryObject.Incarnation) {
                    continue;
                }
                sameLength = !sameLength;
                byte[] content = store.readAll(object.key(), 1 << 24);
                byte[] junk = new byte[sameLength ? content.length : content.length + 7];
                store.delete(List.of(object.key()));
                attacker.put(prefix + "/" + object.key(), junk);
                attacker.put(prefix + "/" + object.key(), content);
            }
        }
        assertReadable(openStore(versioned, prefix, false), label);
    }

    @Test
    void whoHasTheCredentialsCannotDestroyALockedRepository() {
        Label label;
        try (Repository repository = init(openStore(locked, "attack", true)).repository()) {
            label = SmallBackup.take(new ClusterCatalog(repository, TestPlace.CLUSTER));
        }
        S3Admin attacker = new S3Admin(locked);
        attacker.coverEverything("attack/");
        List<S3Admin.Version> refused = attacker.removeEveryVersion("attack/");
        // repository.json, slot, incarnation, segment, intent, manifest, summary, pack
        assertThat(refused)
                .filteredOn(version -> !version.key().contains("/" + RepositoryLayout.PROBES))
                .hasSize(8);
        attacker.coverEverything("attack/");
        assertReadable(openStore(locked, "attack", true), label);
    }

    @Test
    void lockedObjectsOfARemovedBackupAreNamedWithTheirTimeAndTheBackupStaysWhole() {
        try (Repository repository = init(openStore(locked, "remove", true)).repository()) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            Label label = SmallBackup.take(cluster);
            BackupCatalog.Deletion deletion = cluster.backups().delete(label, Duration.ZERO, true);
            assertThat(deletion.removed()).isFalse();
            String summary = RepositoryLayout.backup(TestPlace.CLUSTER, label);
            assertThat(deletion.leftovers()).containsOnlyKeys(summary);
            assertThat(deletion.leftovers().get(summary)).isEqualTo("locked until " + lockedUntil("remove/" + summary));
            assertThat(cluster.backups().purge()).hasSize(1);
            RepositoryChecker.assertSound(repository);
        }
    }

    private static Instant lockedUntil(String name) {
        Instant until = Instant.MIN;
        for (S3Admin.Version version : new S3Admin(locked).versions(name)) {
            Matcher answer = UNTIL.matcher(new S3Admin(locked)
                    .send("GET", name, Map.of("retention", "", "versionId", version.id()), "")
                    .body());
            until = answer.find() ? Instant.parse(answer.group(1)) : until;
        }
        return until;
    }

    @Test
    void locksOfWhatIsKeptAreMadeLongerAndOthersAreNot() {
        try (Repository repository = init(openStore(locked, "renew", true)).repository()) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            Label kept = SmallBackup.take(cluster);
            Label other = SmallBackup.take(cluster, Lsn.parse("0/100128"));
            cluster.wal(cluster.newestIncarnation()).put(TestPlace.segment("000000010000000000000002"));
            ExpirePlan plan = new ExpirePlan(
                    List.of(new ExpirePlan.Kept(kept, List.of("test"))),
                    List.of(new ExpirePlan.Removed(other, "test")),
                    List.of(new ExpirePlan.KeptWal(1, 1, Lsn.parse("0/100028"), Optional.of(Lsn.parse("0/100128")))));
            List<BackupRecord> backups = cluster.backups().listing().backups();
            Instant later = Instant.now().plus(Duration.ofDays(3));
            LockRenewal.Renewed renewed =
                    new LockRenewal(cluster, () -> {}).run(backups, plan, later).orElseThrow();
            // repository.json, slot, incarnation, one segment, and of the backup pack, intent, manifest and summary
            assertThat(renewed.objects()).isEqualTo(8);
            assertThat(renewed.until())
                    .isAfter(later.plus(Duration.ofDays(DAYS)).minusSeconds(2));

            for (String key : List.of(
                    RepositoryLayout.REPOSITORY_FILE,
                    RepositoryLayout.backup(TestPlace.CLUSTER, kept),
                    RepositoryLayout.pack(
                            TestPlace.CLUSTER,
                            kept,
                            backups.getFirst().packs().getFirst().number()),
                    RepositoryLayout.wal(
                            TestPlace.CLUSTER,
                            1,
                            WalFileName.parse(SmallBackup.SEGMENT).orElseThrow(),
                            ""))) {
                assertThat(lockedUntil("renew/" + key)).as(key).isEqualTo(renewed.until());
            }
            for (String key : List.of(
                    RepositoryLayout.backup(TestPlace.CLUSTER, other),
                    RepositoryLayout.wal(
                            TestPlace.CLUSTER,
                            1,
                            WalFileName.parse("000000010000000000000002").orElseThrow(),
                            ""))) {
                assertThat(lockedUntil("renew/" + key))
                        .as(key)
                        .isBefore(renewed.until().minus(Duration.ofDays(2)));
            }
            // Nothing to do a day later.
            assertThat(new LockRenewal(cluster, () -> {})
                            .run(backups, plan, later.plus(Duration.ofDays(1)))
                            .orElseThrow())
                    .isEqualTo(new LockRenewal.Renewed(renewed.until(), 0));
            RepositoryChecker.assertSound(repository);
        }
    }

    @Test
    void anExpiryEmptiesNoBackupWhereObjectsAreLockedAndSaysSo() {
        try (Repository repository = init(openStore(locked, "empty", true)).repository()) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            SmallChain chain = new SmallChain(cluster).withoutPageErrors();
            byte[] content = new byte[40 * SmallChain.PAGE];
            new Random(4711).nextBytes(content);
            Label full = chain.take(BackupType.FULL, Optional.empty(), content);
            for (int page = 4; page < 40; page++) {
                content[page * SmallChain.PAGE] ^= 1;
            }
            Label user = chain.take(BackupType.INCREMENTAL, Optional.of(full), content);
            chain.take(BackupType.FULL, Optional.empty(), content);
            cluster.backups().pin(user, "audit");
            Expiry expiry = new Expiry(
                    cluster,
                    new RetentionPolicy(
                            OptionalInt.of(1), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, Duration.ofDays(7)),
                    TaskMonitor.SILENT);

            assertThat(expiry.dryRun().compaction().skipped())
                    .hasValueSatisfying(why -> assertThat(why).contains("locked"));
            ExpireReport report = expiry.run();

            assertThat(report.compaction().skipped())
                    .isEqualTo(expiry.dryRun().compaction().skipped());
            assertThat(report.plan().keep()).extracting(ExpirePlan.Kept::label).contains(full, user);
            assertThat(cluster.backups().require(user).manifest().generation()).isEqualTo(1);
        }
    }

    @Test
    void aDefaultRetentionOfTheBucketIsNoticed() {
        S3Endpoint endpoint = plain.withBucket("lock-default-" + Long.toHexString(System.nanoTime()));
        S3Admin admin = new S3Admin(endpoint);
        admin.createLockedBucket();
        try (ObjectStore store = openStore(endpoint, "default", false);
                ObjectStore without = openStore(plain, "default", false)) {
            assertThat(store.defaultRetention()).isEmpty();
            assertThat(without.defaultRetention()).isEmpty();
            admin.lockByDefault(2);
            assertThat(store.defaultRetention()).hasValue("mode governance, 2 days");
        }
    }

    @Test
    void initRefusesABucketThatDoesNotLock() {
        try (ObjectStore store = openStore(plain, "none", true)) {
            assertThatThrownBy(() -> Repository.initialise(store, TestPlace.encrypted(1), InitOptions.SAFE, runtime()))
                    .isInstanceOf(PgbkException.class)
                    .hasMessageContaining("does not lock objects")
                    .extracting(failure -> ((PgbkException) failure).code())
                    .isEqualTo(ErrorCode.STORE_UNSAFE);
            assertThat(store.list("", "")).isExhausted();
        }
    }
}
