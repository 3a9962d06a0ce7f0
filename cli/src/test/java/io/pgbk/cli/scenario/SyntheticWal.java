package io.pgbk.cli.scenario;

import io.pgbk.catalog.format.Compression;
import io.pgbk.catalog.repository.EncryptionSettings;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalUpload;
import io.pgbk.catalog.store.BytesBody;
import io.pgbk.catalog.store.DirectoryStoreConfig;
import io.pgbk.catalog.store.ObjectStores;
import io.pgbk.postgres.PgTime;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.wal.WalSegmentIndex;
import io.pgbk.postgres.wal.WalSegmentScanner;
import io.pgbk.task.Workers;
import io.pgbk.testkit.WalPages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Many archived segments of 1 MiB in little time: stored by the archive as every segment is, with one content for all,
 * and with an index of its own each, in which one transaction ends.
 */
final class SyntheticWal {
    /** From one segment's transaction to the next one's. */
    static final Duration STEP = Duration.ofNanos(100_000);

    private static final int THREADS = 8;
    private static final int TASKS_AT_ONCE = 1000;

    private final long systemIdentifier;
    private final Instant firstTime;
    private final BytesBody content;
    private final byte[] index;

    /** @param firstTime when the transaction in the first segment ends; each later one {@link #STEP} later */
    SyntheticWal(long systemIdentifier, Instant firstTime) {
        this.systemIdentifier = systemIdentifier;
        this.firstTime = firstTime;
        byte[] segment = new WalPages(systemIdentifier, 1, 1, 1)
                .commit(1, firstTime)
                .switchSegment()
                .segment(0);
        WalSegmentSize size = new WalSegmentSize(WalPages.SEGMENT_BYTES);
        WalSegmentScanner scanner = new WalSegmentScanner(new WalSegmentScanner.Expectation(
                WalSegmentName.ofNumber(1, 1, size),
                size,
                systemIdentifier,
                Optional.empty(),
                WalSegmentScanner.TimelineRule.of(TimelineHistory.root(1)),
                true));
        scanner.update(ByteBuffer.wrap(segment));
        this.index = scanner.finish().toBytes();
        this.content = new BytesBody(segment);
    }

    /** Archives segments of timeline 1 in a plain repository in a directory. */
    void archive(Path repository, long first, int count) throws IOException {
        RepositoryRuntime runtime = new RepositoryRuntime(
                InstantSource.system(),
                MonotonicTime.SYSTEM,
                new SecureRandom(),
                "synthetic WAL",
                Compression.DEFAULT,
                repository);
        try (Repository opened = Repository.open(
                        ObjectStores.open(new DirectoryStoreConfig(repository)),
                        new EncryptionSettings.Plain(),
                        runtime);
                Workers workers = new Workers("synthetic-", THREADS)) {
            ClusterCatalog cluster = new ClusterCatalog(opened, new ClusterName("main"));
            WalArchive archive = cluster.wal(cluster.newestIncarnation());
            WalSegmentSize size = archive.incarnation().segmentSize();
            List<Workers.Task> tasks = new ArrayList<>();
            for (long number = first; number < first + count; number++) {
                WalSegmentName name = WalSegmentName.ofNumber(1, number, size);
                Instant time = firstTime.plus(STEP.multipliedBy(number - first));
                tasks.add(() -> archive.put(new WalUpload(
                        new WalFileName.Segment(name),
                        content,
                        systemIdentifier,
                        Optional.of(WalSegmentIndex.parse(indexOf(name, time))))));
                if (tasks.size() == TASKS_AT_ONCE) {
                    workers.run(tasks);
                    tasks.clear();
                }
            }
            workers.run(tasks);
        }
    }

    /** The index of the scanned segment with another name and another time. */
    private byte[] indexOf(WalSegmentName name, Instant time) {
        Varints in = new Varints();
        ByteArrayOutputStream out = new ByteArrayOutputStream(index.length + 16);
        out.write(index, 0, 2);
        in.at = 2;
        in.skip(3);
        Varints.write(out, name.timeline());
        Varints.write(out, Integer.toUnsignedLong(name.log()));
        Varints.write(out, Integer.toUnsignedLong(name.segment()));
        int from = in.at;
        // Segment size, system identifier, magic; two octets; an empty text; two addresses; one time in one granule.
        in.skip(3 + 2 + 1 + 2 + 2);
        out.write(index, from, in.at - from);
        in.skip(1);
        long micros = PgTime.toMicros(time);
        Varints.write(out, (micros << 1) ^ (micros >> 63));
        out.write(index, in.at, index.length - in.at);
        return out.toByteArray();
    }

    /** The numbers of an index, seven bits a byte. */
    private final class Varints {
        private int at;

        void skip(int count) {
            for (int i = 0; i < count; i++) {
                while ((index[at++] & 0x80) != 0) {}
            }
        }

        static void write(ByteArrayOutputStream out, long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }
}
