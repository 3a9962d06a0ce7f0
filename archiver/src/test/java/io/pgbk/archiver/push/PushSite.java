package io.pgbk.archiver.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.TestRepository;
import io.pgbk.archiver.push.PushReport.TargetResult;
import io.pgbk.catalog.repository.wal.PutWalOutcome;
import io.pgbk.catalog.repository.wal.WalObject;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.WalFileName;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.task.TaskMonitor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * What tests of archive-push have: the WAL of real servers in a data directory of their own, and a repository of their own.
 */
abstract class PushSite {
    static final WalSegmentSize SIZE = new WalSegmentSize(1 << 20);
    static final Duration DEADLINE = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    static WalSegmentName first;
    Path data;
    TestRepository repository;

    @SuppressWarnings("NullAway.Init") // set before each test
    PushSite() {}

    @BeforeAll
    static void makeWal() throws IOException {
        first = MadeWal.first();
    }

    /** No machine is so busy that something takes too long by this clock. */
    static long slowNanoTime() {
        return System.nanoTime() / 100;
    }

    @BeforeEach
    void open() throws IOException {
        data = copyOf("main");
        repository = TestRepository.of(directory.resolve("repository"), data);
    }

    @AfterEach
    void close() {
        repository.close();
    }

    Path copyOf(String name) throws IOException {
        Path to = directory.resolve("data-" + name);
        Files.createDirectories(to.resolve("global"));
        Files.createDirectories(to.resolve("pg_wal"));
        for (String folder : List.of("global", "pg_wal")) {
            try (var files = Files.list(MadeWal.of(name).resolve(folder))) {
                for (Path file : files.toList()) {
                    Files.copy(
                            file, to.resolve(folder).resolve(file.getFileName().toString()));
                }
            }
        }
        return to;
    }

    PushTarget target() {
        return new PushTarget("primary", true, repository::cluster);
    }

    static PushReport push(Path dataDirectory, Object name, TaskMonitor monitor, PushTarget... targets) {
        return new PushRunner(List.of(targets), DEADLINE, PushSite::slowNanoTime)
                .push(new PushRequest("pg_wal/" + name, dataDirectory, null), monitor);
    }

    PutWalOutcome push(Path dataDirectory, Object name) {
        PushReport report = push(dataDirectory, name, TaskMonitor.SILENT, target());
        return ((TargetResult.Archived) report.targets().getFirst()).outcome();
    }

    static void assertRefused(ErrorCode code, ThrowingCallable call, String... texts) {
        assertThatThrownBy(call).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).as(e.toString()).isEqualTo(code);
            String shown =
                    e.getMessage() + " HINT " + Optional.ofNullable(e.hint()).orElse("");
            for (String text : texts) {
                assertThat(shown).contains(text);
            }
            assertThat(e.code().exit()).isLessThanOrEqualTo(125);
        });
    }

    void assertNothingStored() {
        assertThat(repository.keys("clusters/main/wal/")).isEmpty();
    }

    byte[] archived(TestRepository in, WalFileName name) {
        WalObject object = in.wal().find(name).orElseThrow();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        in.wal().read(object, bytes);
        return bytes.toByteArray();
    }

    static Path wal(Path dataDirectory, Object name) {
        return dataDirectory.resolve("pg_wal").resolve(name.toString());
    }

    static void change(Path file, Consumer<byte[]> change) throws IOException {
        byte[] content = Files.readAllBytes(file);
        change.accept(content);
        Files.write(file, content);
    }

    static WalSegmentName lastOfTimeline2(String side) throws IOException {
        try (var files = Files.list(MadeWal.of(side).resolve("pg_wal"))) {
            return files.map(file -> WalFileName.parse(file.getFileName().toString()))
                    .flatMap(Optional::stream)
                    .filter(WalFileName.Segment.class::isInstance)
                    .map(name -> ((WalFileName.Segment) name).name())
                    .filter(name -> name.timeline() == 2)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }
}
