package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryCheck;
import io.pgbk.catalog.repository.check.Sample;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Expiry from two processes against a running backup, restore, verification, copy and deletion: one of them is killed
 * with SIGKILL, or suspended with SIGSTOP for hours or days while the other goes on and expires more; clocks are wrong.
 * Nothing that is needed is lost: what is listed is whole and restores. Ten runs; 200 with {@code -Plong};
 * {@code -Dpgbk.attacks=N} and {@code -Dpgbk.seed=N} say otherwise.
 */
final class AttackTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final int ATTACKS = Integer.getInteger("pgbk.attacks", LONG ? 200 : 10);
    private static final long SEED = Long.getLong("pgbk.seed", LONG ? System.nanoTime() : 20_261_121);
    private static final boolean SHOW = Boolean.getBoolean("pgbk.attacks.show");
    private static final long PATIENCE_SECONDS = 240;
    private static final Pattern CALLS = Pattern.compile(" in (\\d+) calls$");
    private static final List<Duration> JUMPS = List.of(
            Duration.ofMinutes(3),
            Duration.ofMinutes(70),
            Duration.ofHours(30),
            Duration.ofDays(3),
            Duration.ofDays(8),
            Duration.ofDays(9));
    /** One host in eight is stopped by the clock guard, once by either side. */
    private static final List<Duration> SKEWS = List.of(
            Duration.ZERO,
            Duration.ofMinutes(4),
            Duration.ofMinutes(-4),
            Duration.ofMinutes(2),
            Duration.ofSeconds(280),
            Duration.ofSeconds(-280),
            Duration.ofMinutes(-1));

    private static final List<Duration> SKEWS_BEYOND_THE_GUARD =
            List.of(Duration.ofDays(400), Duration.ofDays(-400), Duration.ofMinutes(6));

    /** Each is met once in eleven attacks. */
    private static final List<String> JOBS = List.of(
            "copy",
            "backup INCREMENTAL",
            "restore LABEL DIRECTORY",
            "delete LABEL",
            "verify",
            "sweep 1",
            "pin LABEL",
            "backup FULL",
            "unpin LABEL",
            "synthesise",
            "expire 2");

    /** Pins that stay; older ones go, so that not everything is pinned in the end. */
    private static final int PINS = 2;

    private static final Pattern WORK = Pattern.compile("(\\d+) (begun|removed|emptied|WAL files)");

    /** Calls to stores that a job made when it last came to its end, so that the next one can be stopped within. */
    private final Map<String, Integer> calls = new HashMap<>();

    private final Random random = new Random(SEED);
    private final Map<String, Integer> report = new LinkedHashMap<>();
    private final Map<String, Integer> work = new LinkedHashMap<>();

    /** A worker and what it says. */
    private static final class Host implements AutoCloseable {
        private final Process process;
        private final BufferedReader lines;
        private final StringBuilder said = new StringBuilder();

        private final boolean beyondTheGuard;

        Host(Process process, boolean beyondTheGuard) {
            this.process = process;
            this.beyondTheGuard = beyondTheGuard;
            this.lines = process.inputReader(StandardCharsets.UTF_8);
        }

        /** @param waitAt the call to a store before which it says that it is there and waits; 0 for none */
        CompletableFuture<String> start(String job, int waitAt) {
            tell(waitAt + " " + job);
            return answer();
        }

        void tell(String line) {
            try {
                process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                process.getOutputStream().flush();
            } catch (IOException e) {
                throw new UncheckedIOException(line, e);
            }
        }

        /** The answer to what it was last asked; {@code killed} when it is gone. */
        CompletableFuture<String> answer() {
            CompletableFuture<String> answer = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> answer.complete(read()));
            return answer;
        }

        private String read() {
            try {
                String line = lines.readLine();
                while (line != null && !line.startsWith(AttackWorker.ANSWER)) {
                    said.append(line).append('\n');
                    line = lines.readLine();
                }
                return line == null ? "killed" : line.substring(AttackWorker.ANSWER.length());
            } catch (IOException e) {
                return "killed";
            }
        }

        void signal(String name) {
            try {
                new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .inheritIO()
                        .start()
                        .waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
            process.onExit().join();
        }
    }

    private Host host(Path clock, Duration skew, RestoreSite site, Path other) {
        PostgresServer server = site.server();
        try {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xshare:auto",
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx300m",
                            "-Dsun.jnu.encoding=ISO-8859-1",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("java.class.path"),
                            AttackWorker.class.getName(),
                            clock.toString(),
                            skew.toString(),
                            RestoreSite.directory(site.catalog()).toString(),
                            other.toString(),
                            server.socketDirectory().toString(),
                            Integer.toString(server.port()),
                            server.user(),
                            server.dataDirectory().toString())
                    .redirectErrorStream(true)
                    .start();
            Host host = new Host(process, SKEWS_BEYOND_THE_GUARD.contains(skew));
            assertThat(host.answer().join()).as(host.said.toString()).isEqualTo("ready");
            return host;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void expiryAgainstEverythingElseWithKilledAndSuspendedProcessesAndWrongClocksLosesNothing() {
        Path clock = AsPostgres.temporaryDirectory("clock-").resolve("time");
        AttackTime time = AttackTime.open(clock, Duration.ZERO);
        try (RestoreSite site = new RestoreSite(15)) {
            Path otherDirectory = AsPostgres.temporaryDirectory("other-");
            RestoreSite.initialise(otherDirectory).close();
            ClusterCatalog here = RestoreSite.open(RestoreSite.directory(site.catalog()), time);
            ClusterCatalog there = RestoreSite.open(otherDirectory, time);
            site.server()
                    .sql("create table attacked as select id, repeat('a', 200) t from generate_series(1, 2000) id");
            PostgresServer server = site.server();
            PostgresConfig config = PostgresConfig.of(
                    server.socketDirectory().toString(), server.port(), server.user(), server.dataDirectory());
            AttackWorker.backup(here, config, BackupType.FULL);
            Host left = host(clock, Duration.ZERO, site, otherDirectory);
            Host right = host(clock, Duration.ZERO, site, otherDirectory);
            try {
                for (int attack = 0; attack < ATTACKS; attack++) {
                    site.server().sql("update attacked set t = 'b" + attack + "' where id % 50 = " + attack % 50);
                    // The full backup below a pinned incremental one stays for it alone when there is a newer one.
                    if (attack % 2 == 0) {
                        pinNewest(here, AttackWorker.backup(here, config, BackupType.INCREMENTAL));
                    } else {
                        AttackWorker.backup(here, config, BackupType.FULL);
                    }
                    List<Host> hosts = attack(attack, left, right, time, here);
                    left = next(hosts.get(0), clock, site, otherDirectory);
                    right = next(hosts.get(1), clock, site, otherDirectory);
                    assertNothingLost("attack " + attack + " of seed " + SEED, here, there, time);
                }
                startTheNewest(site, here, time);
            } finally {
                left.close();
                right.close();
            }
            // What the clock guard stops removes nothing whatever else it does.
            assertThat(number("past the clock guard") * 3).isGreaterThanOrEqualTo(number("runs") * 2);
            assertThat(number("emptied")).isPositive();
            assertThat(number("removed")).isPositive();
        } finally {
            System.out.println("attacks on expiry, seed " + SEED + ": " + report);
            System.out.println("expiries and sweeps: " + work);
        }
    }

    /** The same one; another when it was killed, or when it can do no more than be refused, as long as it lives. */
    private Host next(Host host, Path clock, RestoreSite site, Path other) {
        if (host.process.isAlive() && !host.beyondTheGuard) {
            return host;
        }
        host.close();
        return host(clock, skew(), site, other);
    }

    private int number(String what) {
        return work.getOrDefault(what, 0);
    }

    private static void pinNewest(ClusterCatalog here, String label) {
        List<BackupRecord> pinned =
                here.backups().list().stream().filter(BackupRecord::pinned).toList();
        pinned.stream()
                .limit(Math.max(0, pinned.size() - PINS + 1))
                .forEach(backup -> here.backups().unpin(backup.label()));
        here.backups().pin(Label.require(label), "attacked");
    }

    private Duration skew() {
        boolean beyond = random.nextInt(8) == 0;
        List<Duration> skews = beyond ? SKEWS_BEYOND_THE_GUARD : SKEWS;
        return skews.get(random.nextInt(skews.size()));
    }

    private String job(int number, ClusterCatalog here) {
        List<BackupRecord> backups = here.backups().list();
        String label = backups.get(random.nextInt(backups.size())).label().value();
        String job = JOBS.get(number % JOBS.size());
        return job.contains("DIRECTORY")
                ? "restore " + label + " "
                        + AsPostgres.temporaryDirectory("attacked-").resolve("data")
                : job.replace("LABEL", label);
    }

    /** Returns the hosts, of which one may be dead. */
    private List<Host> attack(int number, Host left, Host right, AttackTime time, ClusterCatalog here) {
        String expire = (random.nextBoolean() ? "expire " : "sweep ") + (random.nextInt(4) == 0 ? 2 : 1);
        String other = job(number, here);
        // In every round of the jobs the other half of them is the victim, so that in two all are.
        boolean victimIsLeft = (number + number / JOBS.size()) % 2 == 1;
        Host victim = victimIsLeft ? left : right;
        Host survivor = victimIsLeft ? right : left;
        String jobOfVictim = victimIsLeft ? expire : other;
        String jobOfSurvivor = victimIsLeft ? other : expire;
        boolean kill = random.nextInt(3) == 0;
        Duration jump = JUMPS.get(random.nextInt(JUMPS.size()));
        int moment = 1 + (int) (random.nextDouble() * calls.getOrDefault(kind(jobOfVictim), 40));
        CompletableFuture<String> ofSurvivor = survivor.start(jobOfSurvivor, 0);
        String said = await(victim.start(jobOfVictim, moment), jobOfVictim);
        boolean within = said.equals(AttackWorker.THERE);
        victim.signal(kill ? "KILL" : "STOP");
        // The survivor sees the same jump: for it the world stood still as well.
        count(jobOfSurvivor, "beside", await(ofSurvivor, jobOfSurvivor));
        time.jump(jump);
        count("expire", "alone", await(survivor.start("expire 1", 0), "expire"));
        if (random.nextBoolean()) {
            time.jump(jump);
            count("sweep", "alone", await(survivor.start("sweep 1", 0), "sweep"));
        }
        if (!within) {
            // It had fewer calls to make than the last of its kind: its end was met.
            count(jobOfVictim, "finished", said);
        } else if (kill) {
            count(jobOfVictim, "killed", await(victim.answer(), jobOfVictim));
        } else {
            CompletableFuture<String> end = victim.answer();
            victim.tell("go on");
            victim.signal("CONT");
            count(jobOfVictim, "suspended over " + jump + " before call " + moment, await(end, jobOfVictim));
        }
        if (kill) {
            victim.close();
        } else if (!within) {
            victim.signal("CONT");
        }
        return List.of(left, right);
    }

    private static String kind(String job) {
        return job.split(" ", -1)[0];
    }

    private void count(String job, String how, String end) {
        if (LONG || SHOW) {
            System.out.println(job + " " + how + ": " + end);
        }
        String outcome = end.startsWith(AttackWorker.OK)
                ? AttackWorker.OK
                : end.split(" ", -1)[end.startsWith("refused") ? 1 : 0];
        Matcher said = CALLS.matcher(end);
        if (said.find()) {
            calls.put(kind(job), Integer.parseInt(said.group(1)));
        }
        if (kind(job).equals("expire") || kind(job).equals("sweep")) {
            countWork(how, end);
        }
        report.merge(kind(job) + " " + how.split(" ", -1)[0] + " " + outcome, 1, Integer::sum);
    }

    /** What a removal did; one that was killed or refused by others had begun. */
    private void countWork(String how, String end) {
        work.merge("runs", 1, Integer::sum);
        if (!end.contains("this host's clock says")) {
            work.merge("past the clock guard", 1, Integer::sum);
        }
        boolean did = false;
        Matcher said = WORK.matcher(end);
        while (end.startsWith(AttackWorker.OK) && said.find()) {
            int number = Integer.parseInt(said.group(1));
            work.merge(said.group(2), number, Integer::sum);
            did |= number > 0;
        }
        if (did) {
            work.merge("did something", 1, Integer::sum);
        } else if (how.startsWith("killed") || how.startsWith("suspended")) {
            work.merge("stopped in the middle", 1, Integer::sum);
        }
    }

    private String await(CompletableFuture<String> answer, String job) {
        try {
            String end = answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(end).as(job).doesNotStartWith("failed");
            if (end.startsWith("refused")) {
                // Damage is no refusal: nothing here damages anything.
                assertThat(end).as(job).doesNotContain("OBJECT_DAMAGED").doesNotContain("INTERNAL");
            }
            return end;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("no answer to " + job, e);
        }
    }

    private void assertNothingLost(String when, ClusterCatalog here, ClusterCatalog there, AttackTime time) {
        for (ClusterCatalog catalog : List.of(here, there)) {
            try {
                List<Finding> findings = new RepositoryCheck(catalog, Sample.ALL, 2, TaskMonitor.SILENT)
                        .run(Optional.empty(), catalog.backups().list())
                        .tally()
                        .findings();
                assertThat(findings.stream().filter(Finding::serious))
                        .as(when + (catalog == here ? ", repository" : ", copy"))
                        .isEmpty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        List<BackupRecord> good =
                here.backups().list().stream().filter(BackupRecord::good).toList();
        assertThat(good).as(when).isNotEmpty();
        BackupRecord any = good.get(random.nextInt(good.size()));
        Path directory = AsPostgres.temporaryDirectory("whole-");
        AttackWorker.restore(here, any.label().value(), directory.resolve("data"), time);
        AsPostgres.deleteTree(directory);
    }

    /** The newest of all still becomes a server with the last state. */
    private static void startTheNewest(RestoreSite site, ClusterCatalog here, AttackTime time) {
        BackupRecord newest = new ArrayList<>(here.backups().list())
                .stream()
                        .filter(BackupRecord::good)
                        .max(Comparator.comparing(backup -> backup.summary().stopLsn()))
                        .orElseThrow();
        site.archiveEverything();
        Path directory = TestRestore.fresh();
        TestRestore restore = TestRestore.of(site, here, directory)
                .backup(newest.label().value())
                .clock(time::right);
        restore.run();
        try (PostgresServer restored =
                restore.server(PostgresServer.builder(15)).start()) {
            restored.awaitPromoted();
            String digest = "select md5(string_agg(t, ',' order by id)) from attacked";
            assertThat(restored.queryOne(digest)).isEqualTo(site.server().queryOne(digest));
        }
        AsPostgres.deleteTree(Objects.requireNonNull(directory.getParent()));
    }
}
