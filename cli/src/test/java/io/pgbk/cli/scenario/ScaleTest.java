package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A database of very many files and an archive of very many segments: 10,000 and 5,000, with the long profile 1,000,000
 * and 100,000, then every command in a JVM of its own with a small heap whose memory is measured. What is measured is
 * printed.
 */
class ScaleTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final int FILES = Integer.getInteger("pgbk.scale.files", LONG ? 1_000_000 : 10_000);
    private static final int SEGMENTS = Integer.getInteger("pgbk.scale.segments", LONG ? 100_000 : 5_000);
    private static final int HEAP_MIB = 320;
    private static final int PROCESS_MIB = 700;
    private static final int SKIPPED_AT_ONCE = 500;
    private static final int FIRST_FILE = 10_000_000;
    private static final Pattern REQUESTS =
            Pattern.compile("requests to primary: (\\d+) LIST, (\\d+) GET, (\\d+) HEAD, (\\d+) PUT, (\\d+) DELETE");

    private record Cost(long list, long get) {}

    @Test
    void commandsOnVeryManyFilesAndSegmentsTakeFewRequestsAndLittleMemory() throws Exception {
        try (CommandSite site = CommandSite.start(
                PostgresServer.builder(15).withWalSegmentMiB(1).withChecksums(false))) {
            Path repository = site.directory().resolve("repository");
            site.configure(
                    "pgbk.yaml",
                    "  - name: primary\n    url: file://%s\n    encryption: none\n    retention: {full: 1, grace: 0d}\n"
                            .formatted(repository));
            site.run("init").orFail();
            site.run("retention", "set").orFail();
            makeFiles(site.server());
            run(site, "backup");
            site.archiveEverything();
            WalSegmentSize size = new WalSegmentSize(1 << 20);
            WalSegmentName last = newestSegment(repository);
            long end = skipSegments(site.server(), size);
            long first = last.number(size) + 1;
            Instant begin = Instant.now();
            new SyntheticWal(control(site.server()).systemIdentifier(), begin)
                    .archive(repository, first, Math.toIntExact(end - first));
            long pages = SEGMENTS / 1000L + 2;
            long logs = (last.number(size) + SEGMENTS) / size.segmentsPerLog();
            String target =
                    begin.plus(SyntheticWal.STEP.multipliedBy(SEGMENTS - 120)).toString();

            String restored = site.directory().resolve("restored").toString();
            Cost info = run(site, "info");
            assertThat(info.list()).isLessThan(pages + 40);
            assertThat(info.get()).isLessThan(60);
            Cost without = run(site, "restore", "--dry-run", "--data-directory", restored, "--target-time", target);
            Cost verify = run(site, "verify", "--sample", "1");
            assertThat(verify.list()).isLessThan(5 * pages + 100);
            Cost with = run(site, "restore", "--dry-run", "--data-directory", restored, "--target-time", target);
            assertThat(without.get()).isGreaterThan(SEGMENTS);
            assertThat(with.get()).isLessThan(2L * (SEGMENTS - logs * size.segmentsPerLog() + 4096) + 2 * logs + 200);
            run(site, "info");

            site.server().configure(Map.of("archive_mode", "on")).start();
            run(site, "backup");
            Cost plan = run(site, "expire", "--dry-run");
            Cost expire = run(site, "expire");
            assertThat(plan.list()).isLessThan(2 * pages + 60);
            assertThat(expire.list()).isLessThan(6 * pages + 100);
            // Before each thousand that goes the newest statement is looked at.
            assertThat(expire.get()).isLessThan(pages + 60);
            assertThat(newestBefore(repository, end))
                    .as("segments before the kept backup")
                    .isEmpty();
            run(site, "verify", "--sample", "1");
        }
    }

    /**
     * Moves the server on by so many segments, which it never asks to be archived, and stops it.
     *
     * @return the number of the segment that the server goes on with
     */
    private static long skipSegments(PostgresServer server, WalSegmentSize size) throws IOException {
        server.stop();
        server.configure(Map.of("archive_mode", "off", "max_wal_size", "64MB", "min_wal_size", "32MB"))
                .start();
        for (int done = 0; done < SEGMENTS; done += SKIPPED_AT_ONCE) {
            server.sql("do $$ begin for i in 1.." + Math.min(SKIPPED_AT_ONCE, SEGMENTS - done)
                    + " loop perform pg_logical_emit_message(false, 'pgbk', 'x'); perform pg_switch_wal(); end loop;"
                    + " end $$");
            server.sql("checkpoint");
        }
        server.stop();
        long next = WalSegmentName.of(1, control(server).checkpoint().redoLsn(), size)
                .number(size);
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(server.dataDirectory().resolve("pg_wal"), "0*")) {
            for (Path file : files) {
                if (WalSegmentName.tryParse(String.valueOf(file.getFileName()))
                        .filter(name -> name.number(size) < next)
                        .isPresent()) {
                    Files.delete(file);
                }
            }
        }
        return next;
    }

    private static PgControl control(PostgresServer server) throws IOException {
        return PgControl.parse(Files.readAllBytes(server.dataDirectory().resolve("global/pg_control")));
    }

    private static List<WalSegmentName> newestBefore(Path repository, long end) throws IOException {
        WalSegmentSize size = new WalSegmentSize(1 << 20);
        try (var files = Files.walk(repository.resolve("clusters/main/wal/1"))) {
            return files.flatMap(file -> WalSegmentName.tryParse(String.valueOf(file.getFileName())).stream())
                    .filter(name -> name.number(size) < end)
                    .limit(3)
                    .toList();
        }
    }

    private static void makeFiles(PostgresServer server) throws IOException {
        String oid = server.queryOne("select oid::text from pg_database where datname = 'postgres'");
        Path database = server.dataDirectory().resolve("base").resolve(oid);
        ByteBuffer text = ByteBuffer.allocate(64);
        for (int i = 0; i < FILES; i++) {
            try (SeekableByteChannel file = Files.newByteChannel(
                    database.resolve(Integer.toString(FIRST_FILE + i)),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.SPARSE)) {
                // A page of a relation, half of it a hole.
                file.write(text.clear().putLong(0, i).putInt(8, i));
                file.position(8191).write(ByteBuffer.allocate(1));
            }
        }
    }

    private static WalSegmentName newestSegment(Path repository) throws IOException {
        try (var files = Files.walk(repository.resolve("clusters/main/wal/1"))) {
            return files.flatMap(file -> WalSegmentName.tryParse(String.valueOf(file.getFileName())).stream())
                    .max(WalSegmentName::compareTo)
                    .orElseThrow();
        }
    }

    private static Cost run(CommandSite site, String... command) throws Exception {
        List<String> words = new ArrayList<>(List.of(command));
        words.add("-v");
        long started = System.nanoTime();
        String errors;
        String memory;
        if (LONG) {
            Child child = child(site, words);
            assertThat(child.exit).as(child.errors).isZero();
            assertThat(child.peakMib).as("MiB of " + words).isLessThan(PROCESS_MIB);
            errors = child.errors;
            memory = ", peak " + child.peakMib + " MiB";
        } else {
            errors = site.run(words.toArray(String[]::new)).orFail().err();
            memory = "";
        }
        Matcher requests = REQUESTS.matcher(errors);
        assertThat(requests.find()).as(errors).isTrue();
        System.out.printf(
                java.util.Locale.ROOT,
                "%s: %.1f s, %s CPU s up to here, %s%s%n",
                String.join(" ", command),
                (System.nanoTime() - started) / 1e9,
                ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(java.time.Duration.ZERO)
                        .toSeconds(),
                requests.group(),
                memory);
        return new Cost(Long.parseLong(requests.group(1)), Long.parseLong(requests.group(2)));
    }

    private record Child(int exit, String errors, long peakMib) {}

    private static Child child(CommandSite site, List<String> words) throws Exception {
        Path errors = site.directory().resolve("errors");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx" + HEAP_MIB + "m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.pgbk.cli.Main",
                "--config",
                site.config().toString()));
        command.addAll(words);
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start();
        long peak = 0;
        do {
            peak = Math.max(peak, peakMib(process.pid()));
        } while (!process.waitFor(50, java.util.concurrent.TimeUnit.MILLISECONDS));
        return new Child(process.exitValue(), Files.readString(errors), peak);
    }

    private static long peakMib(long pid) {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException e) {
            // It has ended meanwhile.
            return 0;
        }
    }
}
