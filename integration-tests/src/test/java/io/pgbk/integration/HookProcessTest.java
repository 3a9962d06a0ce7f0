package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The hooks as processes, where the process is the point: killed, stopped, started twice, short of memory. Every push
 * goes to two repositories, a directory and an S3 server behind a proxy that fails when a test says so.
 */
class HookProcessTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int RANDOM_KILLS = 3;

    private static final AtomicReference<Function<FaultProxy.Request, Fault>> FAULTS =
            new AtomicReference<>(request -> new Fault.None());

    private static Site site;
    private static PostgresServer server;
    private static FaultProxy proxy;
    private static Iterator<String> segments;
    private static String archived;

    @BeforeAll
    static void start() throws IOException {
        site = Site.create(
                true,
                List.of(
                        new Site.Repository("local", StoreKind.DIRECTORY, Site.randomPrefix(), ""),
                        new Site.Repository("remote", StoreKind.S3PROXY, Site.randomPrefix(), "")));
        server = PostgresServer.builder(15)
                .withSetting("archive_mode", "on")
                .withSetting("archive_command", "false")
                .start();
        site.configure(server);
        S3Endpoint endpoint = Objects.requireNonNull(StoreKind.S3PROXY.endpoint());
        proxy = FaultProxy.start(endpoint.url(), request -> FAULTS.get().apply(request));
        String yaml = Files.readString(site.config());
        AsPostgres.write(
                site.config(),
                yaml.replace(endpoint.url().toString(), proxy.url().toString()));
        site.run("init");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            server.sql("insert into pg_catalog.pg_description values (" + (900000 + i) + ", 0, 0, 'x')");
            names.add(server.switchWal());
        }
        segments = names.iterator();
        archived = segments.next();
        repeat(archived);
        Files.createDirectories(site.directory().resolve("data"));
    }

    /** After all that was done to them, both repositories hold everything without a gap, whole. */
    @AfterAll
    static void stop() {
        FAULTS.set(request -> new Fault.None());
        assertRepositoriesAreSound();
        proxy.close();
        server.close();
        site.close();
    }

    @BeforeEach
    void heal() {
        FAULTS.set(request -> new Fault.None());
    }

    private static String path(String segment) {
        return server.dataDirectory().resolve("pg_wal").resolve(segment).toString();
    }

    private static Process start(String... arguments) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(AsPostgres.command(site.command(arguments)))
                .directory(Path.of("/").toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
        return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static int ended(Process process) throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    /** A data directory as a server that recovers has it, with the launcher called from within it. */
    private static Path recovering(String signal) {
        Path data = AsPostgres.createDirectory(site.directory().resolve("data/" + signal + System.nanoTime()));
        AsPostgres.createDirectory(data.resolve("pg_wal"));
        AsPostgres.write(data.resolve("PG_VERSION"), "15\n");
        AsPostgres.write(data.resolve(signal), "");
        return data;
    }

    private static CommandOutcome get(Path data, String name, Map<String, String> environment) {
        return AsPostgres.run(site.command("archive-get", name, "pg_wal/RECOVERYXLOG"), environment, data, PATIENCE);
    }

    private static void assertNothingIn(Path data) throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("pg_wal"))) {
            assertThat(files).isEmpty();
        }
    }

    /** Whatever a killed push left, nobody sees half a file: it is there as a whole, or proved absent. */
    private static void assertWholeOrAbsent(String segment) throws IOException {
        Path data = recovering("standby.signal");
        CommandOutcome outcome = get(data, segment, Map.of());
        assertThat(outcome.exit()).as(outcome.toString()).isIn(0, 1);
        if (outcome.exit() == 0) {
            assertThat(data.resolve("pg_wal/RECOVERYXLOG"))
                    .hasBinaryContent(Files.readAllBytes(Path.of(path(segment))));
        } else {
            assertNothingIn(data);
        }
    }

    private static void repeat(String segment) {
        assertThat(site.pgbk("archive-push", path(segment)))
                .extracting(CommandOutcome::exit)
                .isEqualTo(0);
    }

    private static void assertRepositoriesAreSound() {
        for (String repository : List.of("local", "remote")) {
            assertThat(site.json("--repository", repository, "verify")
                            .get("verdict")
                            .asString())
                    .as(repository)
                    .isEqualTo("sound");
        }
    }

    /** The JVM is killed when the proxy sees its n-th request, for every n; and once between a PUT and its answer. */
    @Test
    void killedWithSigkillAtEveryRequestThePushLeavesNoTornObjectAndTheNextCallRepeatsIt() throws Exception {
        boolean reached = true;
        for (int moment = 0; reached; moment++) {
            String segment = segments.next();
            AtomicReference<@Nullable Process> process = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            AtomicInteger seen = new AtomicInteger();
            AtomicInteger puts = new AtomicInteger();
            int when = moment;
            FAULTS.set(request -> {
                int number = seen.getAndIncrement();
                if (number == when) {
                    puts.set(request.method().equals("PUT") ? 1 : 0);
                    killTree(process, started);
                    return new Fault.Reset();
                }
                return new Fault.None();
            });

            Process push = start("archive-push", path(segment));
            process.set(push);
            started.countDown();
            int exit = ended(push);

            reached = seen.get() > when;
            heal();
            if (reached) {
                assertThat(exit).as("killed at request " + when).isNotZero();
                if (puts.get() > 0) {
                    assertWholeOrAbsent(segment);
                }
            } else {
                assertThat(exit).isZero();
            }
            repeat(segment);
        }
    }

    @Test
    void killedWithSigkillBetweenTheStoredObjectAndItsConfirmationTheNextCallFindsItAndSaysDone() throws Exception {
        String segment = segments.next();
        AtomicReference<@Nullable Process> process = new AtomicReference<>();
        CountDownLatch started = new CountDownLatch(1);
        AtomicInteger after = new AtomicInteger();
        FAULTS.set(request -> {
            if (request.method().equals("PUT")) {
                after.incrementAndGet();
                return new Fault.LoseAnswer();
            }
            if (after.get() > 0) {
                killTree(process, started);
                return new Fault.Reset();
            }
            return new Fault.None();
        });

        Process push = start("archive-push", path(segment));
        process.set(push);
        started.countDown();

        assertThat(ended(push)).isNotZero();
        heal();
        assertWholeOrAbsent(segment);
        CommandOutcome again = site.pgbk("-v", "archive-push", path(segment));
        assertThat(again.exit()).as(again.toString()).isZero();
        assertThat(again.stderr()).contains("remote: already there with the same content");
    }

    @Test
    void launcherKilledWithSigkillAloneTheRetryRunsBesideTheOrphanAndBothAgree() throws Exception {
        String segment = segments.next();
        AtomicReference<@Nullable Process> process = new AtomicReference<>();
        CountDownLatch started = new CountDownLatch(1);
        AtomicReference<@Nullable ProcessHandle> orphan = new AtomicReference<>();
        FAULTS.set(request -> {
            if (orphan.get() == null) {
                await(started);
                Process launcher = Objects.requireNonNull(process.get());
                launcher.descendants().findFirst().ifPresent(orphan::set);
                launcher.destroyForcibly();
            }
            return new Fault.None();
        });

        Process push = start("archive-push", path(segment));
        process.set(push);
        started.countDown();

        assertThat(ended(push)).isEqualTo(137);
        repeat(segment);
        Objects.requireNonNull(orphan.get()).onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertWholeOrAbsent(segment);
    }

    @Test
    void killedWithSigkillAtRandomMomentsThePushLeavesNoTornObject() throws Exception {
        Random random = new Random();
        for (int i = 0; i < RANDOM_KILLS; i++) {
            String segment = segments.next();
            Process push = start("archive-push", path(segment));
            if (!push.waitFor(random.nextInt(900), TimeUnit.MILLISECONDS)) {
                push.descendants().forEach(ProcessHandle::destroyForcibly);
                push.destroyForcibly();
            }
            ended(push);
            assertWholeOrAbsent(segment);
            repeat(segment);
        }
    }

    private static void killTree(AtomicReference<@Nullable Process> process, CountDownLatch started) {
        await(started);
        Process launcher = Objects.requireNonNull(process.get());
        launcher.descendants().forEach(ProcessHandle::destroyForcibly);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void twoHostsThatPushTheSameNameAtTheSameInstantAsProcessesBothSayDoneWithOneObject() throws Exception {
        String segment = segments.next();
        List<Process> pushes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            pushes.add(start("archive-push", path(segment)));
        }
        for (Process push : pushes) {
            assertThat(ended(push)).isZero();
        }
        try (Stream<Path> files = Files.walk(site.repositoryDirectory(0))) {
            assertThat(files.filter(file -> String.valueOf(file.getFileName()).contains(segment)))
                    .hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "QUIT"})
    void signalEndsAPushAndAFetchThatWaitForAStoreThatHangs(String signal) throws Exception {
        FAULTS.set(request -> new Fault.Hang());
        Path data = recovering("recovery.signal");
        Process push = startAndAwaitARequest("archive-push", path(archived));
        Process get = startAndAwaitARequest(
                "archive-get",
                "0000000100000000000000FF",
                data.resolve("pg_wal/RECOVERYXLOG").toString());
        List<ProcessHandle> all = Stream.of(push, get)
                .flatMap(process -> Stream.concat(Stream.of(process.toHandle()), process.descendants()))
                .toList();
        long start = System.nanoTime();

        for (Process process : List.of(push, get)) {
            AsPostgres.run("kill", "-" + signal, Long.toString(process.pid())).orThrow();
        }

        assertThat(ended(push)).isEqualTo(80);
        assertThat(ended(get)).isEqualTo(143);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        assertThat(all).noneMatch(ProcessHandle::isAlive);
        assertNothingIn(data);
    }

    private static Process startAndAwaitARequest(String... arguments) throws IOException {
        int before = proxy.requests().size();
        Process process = start(arguments);
        Deadline.within(PATIENCE)
                .await("it waits for the store", () -> proxy.requests().size() > before);
        return process;
    }

    @Test
    void whateverKeepsAFetchFromWorkingEnds255InARecoveryAnd100OnAStandby() throws Exception {
        Map<String, Map<String, String>> troubles = new HashMap<>();
        troubles.put("no JVM", Map.of("PGBK_JAVA_HOME", "/nonexistent"));
        troubles.put("a JVM that cannot start", Map.of("PGBK_JAVA_OPTIONS", "-XX:NoSuchOption"));
        troubles.put("out of memory", Map.of("PGBK_JAVA_OPTIONS", "-Xms4m -Xmx4m"));
        troubles.put("no configuration", Map.of("PGBK_CONFIG", "/nonexistent"));
        String absent = "00000001000000FF000000FF";
        for (Map.Entry<String, Map<String, String>> trouble : troubles.entrySet()) {
            for (String signal : List.of("recovery.signal", "standby.signal")) {
                Path data = recovering(signal);
                List<String> command = trouble.getValue().containsKey("PGBK_CONFIG")
                        ? List.of(Distribution.launcher().toString(), "archive-get", absent, "pg_wal/RECOVERYXLOG")
                        : Stream.concat(site.command("archive-get").stream(), Stream.of(absent, "pg_wal/RECOVERYXLOG"))
                                .toList();
                CommandOutcome outcome = AsPostgres.run(command, trouble.getValue(), data, PATIENCE);
                assertThat(outcome.exit())
                        .as(trouble.getKey() + ": " + outcome)
                        .isEqualTo(signal.equals("standby.signal") ? 100 : 255);
                assertThat(outcome.stderr()).contains("error: ");
                assertNothingIn(data);
            }
        }
    }

    @Test
    void storeThatAnswers503Ends255InARecoveryAnd100OnAStandbyAndPushNotZero() throws Exception {
        String segment = segments.next();
        FAULTS.set(request -> new Fault.Answer(503, "<Error><Code>SlowDown</Code></Error>"));
        Map<String, String> hasty = Map.of("PGBK_REPOSITORIES_1_RETRIES", "1");
        for (String signal : List.of("recovery.signal", "standby.signal")) {
            Path data = recovering(signal);
            CommandOutcome outcome = get(data, segment, hasty);
            assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(signal.equals("standby.signal") ? 100 : 255);
            assertNothingIn(data);
        }
        CommandOutcome pushed = AsPostgres.run(site.command("archive-push", path(segment)), hasty, null, PATIENCE);
        assertThat(pushed.exit()).as(pushed.toString()).isEqualTo(11);
        assertThat(site.run("--repository", "local", "wal", "show", segment))
                .as("the other repository has it already")
                .isNotEmpty();
        heal();
        repeat(segment);
    }

    @Test
    void segmentsOf1GiBGoThereAndBackInTheMemoryOfAHook() throws IOException {
        try (Site large = Site.create(StoreKind.DIRECTORY, true);
                PostgresServer giant = PostgresServer.builder(17)
                        .withWalSegmentMiB(1024)
                        .withSetting("min_wal_size", "2GB")
                        .withSetting("max_wal_size", "3GB")
                        .withSetting("archive_mode", "on")
                        .withSetting("archive_command", "false")
                        .start()) {
            large.configure(giant);
            large.run("init");
            String segment = giant.switchWal();
            Path raw = giant.dataDirectory().resolve("pg_wal").resolve(segment);
            assertThat(raw).hasSize(1L << 30);

            large.run("archive-push", raw.toString());
            Path fetched = large.directory().resolve("fetched");
            large.run("archive-get", segment, fetched.toString());

            assertThat(Files.mismatch(raw, fetched)).isEqualTo(-1);
        }
    }
}
