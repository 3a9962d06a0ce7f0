package io.pgbk.restore.run;

import io.pgbk.archiver.backup.BackupOrigin;
import io.pgbk.archiver.backup.BackupOutcome;
import io.pgbk.archiver.backup.BackupRequest;
import io.pgbk.archiver.backup.BackupRunner;
import io.pgbk.archiver.backup.BackupSettings;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.expire.ExpireReport;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.Candidate;
import io.pgbk.catalog.repository.retention.ClockGuard;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.repository.retention.ExpirePlanner;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.retention.WalInventory;
import io.pgbk.catalog.repository.retention.WalRemover;
import io.pgbk.catalog.repository.synthesis.SyntheticFull;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.server.PostgresConfig;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.restore.verify.VerifyReport;
import io.pgbk.restore.verify.VerifyRequest;
import io.pgbk.restore.verify.VerifyRunner;
import io.pgbk.task.TaskMonitor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * A host of its own: a process that does one job after the other on a repository as its standard input says, and answers
 * each with a line. It is there to be killed and suspended.
 */
final class AttackWorker {
    /** What follows is the answer to the last job: {@code ok} and what it gave, or {@code refused} and why. */
    static final String ANSWER = "answer ";

    static final String OK = "ok";
    /** Said instead of an answer when a job has come to the call at which it was told to wait. */
    static final String THERE = "there";

    /** Percent of a backup that others may use of it so that it is emptied. */
    private static final int ALWAYS = 100;
    /** Less than most jumps of the time. */
    private static final Duration GRACE = Duration.ofDays(1);

    private final BufferedReader orders;
    private final AtomicInteger calls = new AtomicInteger();
    private volatile int waitAt;
    private final ClusterCatalog catalog;
    private final ClusterCatalog other;
    private final PostgresConfig postgres;
    private final AttackTime time;

    private AttackWorker(String[] arguments, BufferedReader orders) {
        this.orders = orders;
        time = AttackTime.open(Path.of(arguments[0]), Duration.parse(arguments[1]));
        catalog = RestoreSite.open(Path.of(arguments[2]), time, this::beforeCall);
        other = RestoreSite.open(Path.of(arguments[3]), time, this::beforeCall);
        postgres = PostgresConfig.of(arguments[4], Integer.parseInt(arguments[5]), arguments[6], Path.of(arguments[7]));
    }

    /** Time file, skew of this host's clock, both repositories, socket directory, port, user and data directory. */
    public static void main(String[] arguments) throws IOException {
        try (BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            AttackWorker worker = new AttackWorker(arguments, orders);
            say("ready");
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                String[] job = order.split(" ", -1);
                worker.calls.set(0);
                worker.waitAt = Integer.parseInt(job[0]);
                say(worker.answer(Arrays.copyOfRange(job, 1, job.length)));
            }
        }
    }

    /** Before the call to a store at which the job was told to wait, it does, until it is told to go on. */
    private void beforeCall() {
        if (calls.incrementAndGet() == waitAt) {
            say(THERE);
            try {
                orders.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void say(String what) {
        System.out.println(ANSWER + what);
        System.out.flush();
    }

    private String answer(String[] job) {
        try {
            return OK + " " + run(job) + " in " + calls.get() + " calls";
        } catch (PgbkException e) {
            return "refused " + e.code() + " " + String.valueOf(e.getMessage()).replace('\n', ' ');
        } catch (RuntimeException e) {
            e.printStackTrace();
            return "failed " + e;
        }
    }

    private String run(String[] job) {
        return switch (job[0]) {
            case "backup" -> backup(catalog, postgres, BackupType.valueOf(job[1]));
            case "restore" -> restore(job[1], Path.of(job[2]));
            case "verify" -> verify();
            case "copy" -> copy();
            case "expire" -> expire(catalog, Integer.parseInt(job[1]));
            case "sweep" -> sweep(catalog, Integer.parseInt(job[1]));
            case "synthesise" -> synthesise();
            case "pin" -> {
                catalog.backups().pin(Label.require(job[1]), "attacked");
                yield "";
            }
            case "unpin" -> {
                catalog.backups().unpin(Label.require(job[1]));
                yield "";
            }
            case "delete" -> {
                catalog.backups().delete(Label.require(job[1]), Duration.ZERO, false);
                yield "";
            }
            default -> throw new IllegalArgumentException(job[0]);
        };
    }

    /** Takes a backup; its deadlines are those of the repository's time. */
    static String backup(ClusterCatalog catalog, PostgresConfig postgres, BackupType type) {
        BackupSettings settings = new BackupSettings(2, 0, true, Duration.ofHours(1), Duration.ofMinutes(2));
        BackupOutcome outcome = new BackupRunner(postgres, catalog, settings, new BackupOrigin("test", "test"))
                .run(new BackupRequest(type, false, false, Map.of()), TaskMonitor.SILENT);
        return ((BackupOutcome.Taken) outcome).result().label();
    }

    private String restore(String label, Path directory) {
        restore(catalog, label, directory, time);
        return "";
    }

    /** Restores a backup to where it is consistent. */
    static void restore(ClusterCatalog catalog, String label, Path directory, AttackTime time) {
        RestoreRequest request = new RestoreRequest(
                new RestoreGoal(new RecoveryTarget.Immediate(), new TimelineChoice.Automatic(), Optional.of(label)),
                directory,
                false,
                List.of(),
                false,
                new RecoveryRole.Recovery(),
                TargetAction.PROMOTE,
                Optional.empty(),
                "false",
                OptionalInt.empty(),
                2);
        RestorePlan plan = new RestorePreparation(catalog, request, time::right, TaskMonitor.SILENT).prepare();
        new RestoreRunner(catalog, time::right).run(plan, TaskMonitor.SILENT);
    }

    private String verify() {
        VerifyReport report = new VerifyRunner(catalog, new Random(1))
                .run(new VerifyRequest(Optional.empty(), 100, 2), TaskMonitor.SILENT);
        List<Finding> serious =
                report.findings().stream().filter(Finding::serious).toList();
        if (!serious.isEmpty()) {
            throw new IllegalStateException("verify calls missing or damaged what is not: " + serious);
        }
        return "";
    }

    private String synthesise() {
        SyntheticFull.Settings settings = new SyntheticFull.Settings(2, Duration.ofMinutes(2), "test", "test");
        return new SyntheticFull(catalog, settings)
                .run(Map.of(), TaskMonitor.SILENT)
                .getClass()
                .getSimpleName();
    }

    private String copy() {
        var report = new RepositoryCopy(catalog, other)
                .run(new RepositoryCopy.Request(Optional.empty(), 2, false), TaskMonitor.SILENT);
        expire(other, 1);
        return report.backups().size() + " copied";
    }

    private static RetentionPolicy policy(int fulls) {
        return new RetentionPolicy(OptionalInt.of(fulls), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, GRACE);
    }

    /** Expires by a policy that counts full backups; whatever nobody wants and somebody uses is emptied. */
    static String expire(ClusterCatalog catalog, int fulls) {
        Set<Label> before = catalog.backups().list().stream()
                .filter(BackupRecord::expiring)
                .map(BackupRecord::label)
                .collect(Collectors.toSet());
        ExpireReport done = new Expiry(catalog, policy(fulls), ALWAYS, TaskMonitor.SILENT).run();
        long begun = done.plan().remove().stream()
                .filter(removed ->
                        !before.contains(removed.label()) && !done.needed().containsKey(removed.label()))
                .count();
        return begun + " begun, " + done.removed().size() + " removed, "
                + done.compaction().moves().size() + " emptied, "
                + done.wal().files() + " WAL files"
                + done.compaction()
                        .skipped()
                        .map(why -> ", nothing emptied: " + why)
                        .orElse("");
    }

    /** The same without the lease, so that it happens at the same time. */
    private static String sweep(ClusterCatalog catalog, int fulls) {
        List<BackupRecord> backups = catalog.backups().list();
        WalInventory inventory = WalInventory.gather(catalog);
        ExpirePlan plan = new ExpirePlanner(policy(fulls), inventory.ends(), ClockGuard.now(catalog, backups))
                .plan(backups.stream().map(Candidate::of).toList());
        Map<Label, String> reasons = new LinkedHashMap<>();
        for (BackupRecord backup : backups) {
            plan.remove().stream()
                    .filter(removed -> removed.label().equals(backup.label()) && !backup.expiring())
                    .forEach(removed -> reasons.put(removed.label(), removed.reason()));
        }
        Map<Label, String> stay = catalog.backups().expire(reasons, GRACE);
        int purged = catalog.backups().purge().size();
        WalRemover.Removal wal = new WalRemover(catalog, inventory, () -> {}, TaskMonitor.SILENT).run(plan.wal());
        return reasons.size() - stay.size() + " begun, " + purged + " removed, " + wal.files() + " WAL files";
    }
}
