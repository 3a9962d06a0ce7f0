package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code restore} is killed: PostgreSQL refuses to start from what is there, or everything is there; the same command
 * with {@code --delta} goes on.
 */
final class RestoreKills implements AutoCloseable {
    private static final List<String> PHASES = List.of("plan", "clean", "restore", "finish", "sync");
    private static final String CONTROL = "global/pg_control";

    private final KillSite place;
    private final KillReport report = new KillReport("restore");
    private final Path targets = AsPostgres.temporaryDirectory("targets-");
    private int number;
    private Path target = targets.resolve("0");

    RestoreKills(KillSite place) {
        this.place = place;
    }

    /**
     * Kills at random times and at named points.
     *
     * @param every after so many kills in a row, each of which found what the last one had left, the restore is
     *     finished, and another begins in an empty place
     * @param points phases in which further ones are killed
     */
    void run(int kills, int every, List<String> points) {
        String label = label(0);
        Victim.End undisturbed = start(place.repository(0), label).await();
        assertThat(undisturbed.exit()).as(undisturbed.toString()).isZero();
        assertStartsWithEverything();
        KillTimes times = new KillTimes("restore", kills, undisturbed.seconds());
        for (int i = 0; i < kills; i++) {
            Victim.Aim aim = times.aim();
            Victim.End end = start(place.repository(i), label(i)).killAfter(times.after(i), aim);
            boolean complete = check(i, end, KillReport.percent(times.fraction(i)), aim);
            if (!complete && i % every == every - 1) {
                times.undisturbed(finish(i));
            }
        }
        for (int i = 0; i < points.size(); i++) {
            Victim.Aim aim = times.aim();
            Duration late = Duration.ofMillis(times.random().nextInt(15));
            Victim.End end = start(place.repository(i), label(i)).killIn(points.get(i), late, aim);
            check(i, end, points.get(i) + " + " + late.toMillis() + " ms", aim);
        }
        if (Files.exists(target)) {
            finish(0);
        }
        for (RepositoryView repository : place.repositories()) {
            Soundness.check(repository.cluster(KillSite.CLUSTER));
        }
        report.print();
    }

    /** Restores a listed backup and starts PostgreSQL from it. */
    void restore(BackupKills.Survivor survivor) {
        Victim.End end = start(survivor.repository(), survivor.label()).await();
        assertThat(end.exit()).as(end.toString()).isZero();
        assertStartsWithEverything();
    }

    private String label(int i) {
        return place.repository(i).listed(KillSite.CLUSTER).getFirst();
    }

    private Victim start(RepositoryView repository, String label) {
        List<String> words = new ArrayList<>(List.of(
                "--repository",
                repository.name(),
                "restore",
                "--backup",
                label,
                "--target-immediate",
                "--target-action",
                "promote",
                "--archiving",
                "off",
                "--data-directory",
                target.toString()));
        if (Files.exists(target)) {
            words.add("--delta");
        }
        return Victim.start(place.site().command(words.toArray(String[]::new)), PHASES);
    }

    /** Returns whether everything was there. */
    private boolean check(int i, Victim.End end, String moment, Victim.Aim aim) {
        boolean complete = Files.exists(target.resolve(CONTROL));
        report.add(moment, place.repository(i).name(), aim, end, state(complete));
        assertThat(complete || !end.saidDone()).isTrue();
        if (complete) {
            assertStartsWithEverything();
        } else if (Files.exists(target)) {
            assertCannotBeStarted();
        }
        return complete;
    }

    private String state(boolean complete) {
        if (complete) {
            return "complete";
        }
        return Files.exists(target) ? "cannot be started" : "nothing written";
    }

    private double finish(int i) {
        Victim.End end = start(place.repository(i), label(i)).await();
        assertThat(end.exit()).as(end.toString()).isZero();
        assertStartsWithEverything();
        return end.seconds();
    }

    private void assertCannotBeStarted() {
        try (PostgresServer server = PostgresServer.builder(KillSite.MAJOR).on(target)) {
            server.startWithoutWaiting();
            assertThat(server.awaitEnd()).as(server.log()).isNotZero();
        }
    }

    /** It was restored as a whole; then it makes room for the next one. */
    private void assertStartsWithEverything() {
        assertThat(target.resolve(CONTROL + ".pgbk-restore"))
                .as("what marks a half restore")
                .doesNotExist();
        // With prefetching it reads on through hundreds of nearly empty segments before it looks whether it is
        // consistent.
        try (PostgresServer server = PostgresServer.builder(KillSite.MAJOR)
                .withCommandLineSetting("recovery_prefetch", "off")
                .on(target)) {
            server.start();
            server.awaitPromoted();
            assertThat(KillSite.ballast(server)).isEqualTo(KillSite.ballast(place.server()));
        }
        AsPostgres.deleteTree(target);
        number++;
        target = targets.resolve(Integer.toString(number));
    }

    @Override
    public void close() {
        AsPostgres.deleteTree(targets);
    }
}
