package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.format.crypto.Secret;
import io.pgbk.catalog.format.crypto.UnlockSecret;
import io.pgbk.catalog.repository.check.RepositoryChecker;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentScanner;
import io.pgbk.testkit.WalPages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;

/** A directory for a repository, and processes that open it. */
public final class TestPlace {
    public static final ClusterName CLUSTER = new ClusterName("main");
    public static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    public static final long SYSTEM = 0xFEDC_BA98_7654_3210L;
    public static final ServerIdentity SERVER = new ServerIdentity(SYSTEM, 17, 202406281, SIZE, 8192);

    private final Path parent;
    private final Path directory;
    private final ManualTime time;

    public TestPlace(Path parent, ManualTime time) {
        this.parent = parent;
        this.directory = parent.resolve("repository");
        this.time = time;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path directory() {
        return directory;
    }

    public ManualTime time() {
        return time;
    }

    public FaultyStore store() {
        return new FaultyStore(ObjectStores.open(new DirectoryStoreConfig(directory)), time);
    }

    public RepositoryRuntime runtime(String owner) {
        return new RepositoryRuntime(time, time, new SecureRandom(), owner, Compression.DEFAULT, parent);
    }

    public static UnlockSecret key(int seed) {
        byte[] bytes = new byte[32];
        bytes[0] = (byte) seed;
        return new UnlockSecret.KeyFile(Secret.copyOf(bytes), "/etc/pgbk/key" + seed);
    }

    public static EncryptionSettings encrypted(int... seeds) {
        return new EncryptionSettings.Encrypted(
                java.util.Arrays.stream(seeds).mapToObj(TestPlace::key).toList());
    }

    public Repository initialise(EncryptionSettings encryption) {
        return Repository.initialise(store(), encryption, InitOptions.SAFE, runtime("init"))
                .repository();
    }

    public Repository open(FaultyStore store, String owner) {
        return Repository.open(store, encrypted(1), runtime(owner));
    }

    public Repository open(String owner) {
        return open(store(), owner);
    }

    /** A repository with one incarnation of {@link #CLUSTER}. */
    public ClusterCatalog cluster() {
        ClusterCatalog cluster = new ClusterCatalog(initialise(encrypted(1)), CLUSTER);
        cluster.join(SERVER);
        return cluster;
    }

    public static WalUpload file(String name, byte[] content) {
        return new WalUpload(WalFileName.parse(name).orElseThrow(), new BytesBody(content), SYSTEM, Optional.empty());
    }

    /** A file with the index that a validating scan of it gives. */
    public static WalUpload indexed(WalSegmentName segment, byte[] content) {
        return indexed(new WalFileName.Segment(segment), segment, content);
    }

    /** As {@link #indexed(WalSegmentName, byte[])} for a partial segment. */
    public static WalUpload indexed(WalFileName name, WalSegmentName segment, byte[] content) {
        WalSegmentScanner scanner = new WalSegmentScanner(new WalSegmentScanner.Expectation(
                segment,
                SIZE,
                SYSTEM,
                Optional.empty(),
                WalSegmentScanner.TimelineRule.of(TimelineHistory.root(segment.timeline())),
                true));
        scanner.update(ByteBuffer.wrap(content));
        return new WalUpload(name, new BytesBody(content), SYSTEM, Optional.of(scanner.finish()));
    }

    /** A real segment; the longer one begins with the records of the other. */
    public static WalUpload wal(int timeline, int number, boolean longer) {
        Instant time = Instant.parse("2026-11-21T03:00:00Z");
        WalPages pages = new WalPages(SYSTEM, timeline, number, 1).commit(700, time);
        if (longer) {
            pages.commit(701, time.plusSeconds(1)).switchSegment();
        }
        return indexed(WalSegmentName.ofNumber(timeline, number, SIZE), pages.segment(0));
    }

    public static WalUpload segment(String name) {
        byte[] content = new byte[SIZE.bytes()];
        byte[] text = Bytes.utf8(name).toArray();
        System.arraycopy(text, 0, content, 0, text.length);
        return file(name, content);
    }

    /** Nothing in the repository breaks a promise. */
    public void assertSound() {
        try (Repository repository = open("checker")) {
            RepositoryChecker.assertSound(repository);
        }
    }
}
