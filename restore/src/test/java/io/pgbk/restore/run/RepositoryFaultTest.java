package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.restore.get.ArchiveGet;
import io.pgbk.restore.get.GetResult;
import io.pgbk.restore.get.GetSource;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** What restore, verify and archive-get say of a real cluster's repository that is sound, damaged or silent. */
class RepositoryFaultTest extends ServerSite {
    private static Path biggestPack(ClusterCatalog catalog) throws IOException {
        try (Stream<Path> files = Files.walk(RestoreSite.directory(catalog))) {
            return files.filter(file -> file.toString().contains("/packs/") && Files.isRegularFile(file))
                    .max(java.util.Comparator.comparingLong(
                            file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    private static void flipBit(Path file) throws IOException {
        file.toFile().setWritable(true);
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 1;
        Files.write(file, content);
    }

    @Test
    void aFlippedBitFailsTheRestoreNamesTheObjectAndVerifyFindsIt() throws IOException {
        ClusterCatalog damaged = site.copy();
        Path pack = biggestPack(damaged);
        flipBit(pack);
        Path directory = fresh();
        RestorePlan plan = plan(damaged, request(directory, new RecoveryTarget.Latest(), false));
        assertFails(
                ErrorCode.OBJECT_DAMAGED, () -> new RestoreRunner(damaged, CLOCK).run(plan, TaskMonitor.SILENT), label);
        assertThat(directory.resolve("global/pg_control")).doesNotExist();
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        assertThat(report.findings()).anySatisfy(finding -> {
            assertThat(finding.kind()).isEqualTo(Finding.Kind.DAMAGED);
            assertThat(finding.backup().map(Label::value)).contains(label);
            assertThat(finding.object()).contains("packs/" + label);
        });
        assertFails(
                ErrorCode.NO_FITTING_BACKUP,
                () -> plan(damaged, request(fresh(), new RecoveryTarget.Latest(), false)),
                "damaged");
        damaged.repository().close();
    }

    @Test
    void aMissingPackFailsTheRestoreAndVerifyFindsIt() throws IOException {
        ClusterCatalog damaged = site.copy();
        Files.delete(biggestPack(damaged));
        RestorePlan plan = plan(damaged, request(fresh(), new RecoveryTarget.Latest(), false));
        assertFails(
                ErrorCode.OBJECT_MISSING, () -> new RestoreRunner(damaged, CLOCK).run(plan, TaskMonitor.SILENT), label);
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 1, 2), TaskMonitor.SILENT);
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.DAMAGED);
        damaged.repository().close();
    }

    @Test
    void aHoleInTheWalIsFoundBeforeCopyingAndByVerifyAndNeverTheEnd() throws IOException {
        ClusterCatalog damaged = site.copy();
        List<Path> segments;
        try (Stream<Path> files = Files.walk(RestoreSite.directory(damaged))) {
            segments = files.filter(file -> String.valueOf(file.getFileName()).matches("[0-9A-F]{24}"))
                    .sorted()
                    .toList();
        }
        Path hole = segments.get(segments.size() - 2);
        Files.delete(hole);
        String name = String.valueOf(hole.getFileName());
        Path directory = fresh();
        assertFails(
                ErrorCode.WAL_GAP, () -> plan(damaged, request(directory, new RecoveryTarget.Latest(), false)), name);
        assertThat(directory).doesNotExist();
        VerifyReport report = new VerifyRunner(damaged, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.findings())
                .anySatisfy(finding -> assertThat(finding.object()).contains(name));
        // archive-get: in recovery a failure, on a standby PostgreSQL may ask again.
        Path data = AsPostgres.temporaryDirectory("get-");
        Path wal = Files.createDirectories(data.resolve("pg_wal"));
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        Path destination = wal.resolve("RECOVERYXLOG");
        assertFails(ErrorCode.WAL_GAP, () -> get(damaged, name, destination, data), name, "hole");
        Files.createFile(data.resolve("standby.signal"));
        assertThat(get(damaged, name, destination, data)).isInstanceOf(GetResult.ProvedAbsent.class);
        assertThat(destination).doesNotExist();
        damaged.repository().close();
    }

    @Test
    void verifyFindsASoundRepositorySound() {
        VerifyReport report = new VerifyRunner(site.catalog(), new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        assertThat(report.findings()).isEmpty();
        assertThat(report.verdict()).isEqualTo(BackupEvent.Verdict.SOUND);
        assertThat(report.bytesChecked()).isPositive();
        assertThat(site.catalog().backups().list().getFirst().lastVerify()).isPresent();
    }

    private static GetResult get(ClusterCatalog catalog, String name, Path destination, Path workingDirectory) {
        return new ArchiveGet(
                        List.of(new GetSource("primary", () -> catalog)),
                        Duration.ofMillis(600),
                        catalog.repository().runtime().monotonic(),
                        TaskMonitor.SILENT)
                .get(name, destination, workingDirectory);
    }

    private String firstSegment() {
        return site.catalog()
                .wal(site.catalog().newestIncarnation())
                .segments(1, Optional.empty())
                .next()
                .toString();
    }

    @Test
    void fetchingDeliversTheExactFileUnderARelativeNameAndProvesAbsence() throws IOException {
        Path data = AsPostgres.temporaryDirectory("get-");
        Files.createDirectories(data.resolve("pg_wal"));
        GetResult result = get(site.catalog(), firstSegment(), Path.of("pg_wal/RECOVERYXLOG"), data);
        assertThat(result).isInstanceOf(GetResult.Delivered.class);
        assertThat(Files.size(data.resolve("pg_wal/RECOVERYXLOG"))).isEqualTo(1 << 20);
        for (String absent :
                List.of("00000001000000FF00000001", "00000002.history", "00000001000000FF00000001.partial")) {
            assertThat(get(site.catalog(), absent, Path.of("pg_wal/X"), data))
                    .as(absent)
                    .isInstanceOf(GetResult.ProvedAbsent.class);
        }
        assertFails(ErrorCode.USAGE, () -> get(site.catalog(), "passwd", Path.of("pg_wal/X"), data), "not a name");
        try (Stream<Path> left = Files.list(data.resolve("pg_wal"))) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void aDamagedWalObjectIsNeverDeliveredAndAnotherRepositoryHelps() throws IOException {
        ClusterCatalog damaged = site.copy();
        String name = firstSegment();
        try (Stream<Path> files = Files.walk(RestoreSite.directory(damaged))) {
            flipBit(files.filter(file -> file.endsWith(name)).findFirst().orElseThrow());
        }
        Path data = AsPostgres.temporaryDirectory("get-");
        Path destination = data.resolve("RECOVERYXLOG");
        assertFails(ErrorCode.OBJECT_DAMAGED, () -> get(damaged, name, destination, data));
        try (Stream<Path> left = Files.list(data)) {
            assertThat(left).isEmpty();
        }
        GetResult result = new ArchiveGet(
                        List.of(new GetSource("bad", () -> damaged), new GetSource("good", site::catalog)),
                        Duration.ZERO,
                        damaged.repository().runtime().monotonic(),
                        TaskMonitor.SILENT)
                .get(name, destination, data);
        assertThat(result)
                .asInstanceOf(InstanceOfAssertFactories.type(GetResult.Delivered.class))
                .extracting(GetResult.Delivered::repository)
                .isEqualTo("good");
        damaged.repository().close();
    }

    @Test
    void aFaultIsNeverAbsenceAndAHistoryIsTriedAgainOnAStandby() throws IOException {
        Path data = AsPostgres.temporaryDirectory("get-");
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        Files.createFile(data.resolve("standby.signal"));
        AtomicInteger calls = new AtomicInteger();
        GetSource broken = new GetSource("broken", () -> {
            calls.incrementAndGet();
            throw new PgbkException(ErrorCode.REPOSITORY_UNREACHABLE, "no route");
        });
        ArchiveGet get = new ArchiveGet(
                List.of(new GetSource("good", site::catalog), broken),
                Duration.ofMillis(700),
                site.catalog().repository().runtime().monotonic(),
                TaskMonitor.SILENT);
        assertFails(
                ErrorCode.REPOSITORY_UNREACHABLE,
                () -> get.get("00000001000000FF00000001", Path.of("x"), data),
                "no route");
        assertThat(calls).hasValue(1);
        assertFails(
                ErrorCode.REPOSITORY_UNREACHABLE, () -> get.get("00000009.history", Path.of("x"), data), "no route");
        assertThat(calls).hasValueGreaterThan(2);
    }

    @Test
    void theServerOfAnotherClusterGetsNothing() {
        try (PostgresServer other = PostgresServer.builder(MAJOR).create()) {
            assertFails(
                    ErrorCode.OTHER_CLUSTER,
                    () -> get(site.catalog(), firstSegment(), Path.of("pg_wal/RECOVERYXLOG"), other.dataDirectory()));
            assertThat(other.dataDirectory().resolve("pg_wal/RECOVERYXLOG")).doesNotExist();
        }
    }
}
