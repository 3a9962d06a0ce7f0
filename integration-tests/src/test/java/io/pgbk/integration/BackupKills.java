package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.CommandOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code backup} is killed: it is listed with everything that it needs, or not at all; PostgreSQL is not left in backup
 * mode; the next one works.
 */
final class BackupKills {
    /** After so many victims that are not listed the program is asked for its list. */
    private static final int LIST_EVERY = 3;

    private final KillSite place;
    private final KillReport report = new KillReport("backup");
    private final List<Survivor> survivors = new ArrayList<>();
    private int asked;

    /** A backup that is listed after all. */
    record Survivor(RepositoryView repository, String label) {}

    BackupKills(KillSite place) {
        this.place = place;
    }

    /**
     * Kills at random times and at named points.
     *
     * @param every after so many kills a backup is taken that nobody kills
     * @param points phases in which further ones are killed, by turns in the two repositories
     */
    void run(int kills, int every, List<String> points) {
        CommandOutcome afterAKill = place.backupAfterAKill();
        assertThat(afterAKill.exit()).as(afterAKill.toString()).isZero();
        KillTimes times = new KillTimes("backup", kills, place.backupSeconds());
        for (int i = 0; i < kills; i++) {
            RepositoryView repository = place.repository(i);
            List<String> before = repository.listed(KillSite.CLUSTER);
            Victim.Aim aim = times.aim();
            Victim.End end = place.startBackup(repository).killAfter(times.after(i), aim);
            check(repository, before, end, KillReport.percent(times.fraction(i)), aim);
            if (i % every == every - 1) {
                times.undisturbed(takeNext(repository));
            }
        }
        for (int i = 0; i < points.size(); i++) {
            RepositoryView repository = place.repository(i);
            List<String> before = repository.listed(KillSite.CLUSTER);
            Victim.Aim aim = times.aim();
            Duration late = Duration.ofMillis(times.random().nextInt(15));
            Victim.End end = place.startBackup(repository).killIn(points.get(i), late, aim);
            check(repository, before, end, points.get(i) + " + " + late.toMillis() + " ms", aim);
        }
        for (RepositoryView repository : place.repositories()) {
            takeNext(repository);
            survivors.add(
                    new Survivor(repository, repository.listed(KillSite.CLUSTER).getLast()));
        }
        place.verify(place.repository(1));
        report.print();
    }

    /** What victims committed before they died, and the last one of each repository. */
    List<Survivor> survivors() {
        return List.copyOf(survivors);
    }

    private void check(RepositoryView repository, List<String> before, Victim.End end, String moment, Victim.Aim aim) {
        place.awaitNoBackupMode();
        List<String> listed = repository.listed(KillSite.CLUSTER);
        List<String> added = new ArrayList<>(listed);
        added.removeAll(before);
        report.add(moment, repository.name(), aim, end, added.isEmpty() ? "not listed" : "listed");
        assertThat(listed).as("no backup is lost").containsAll(before);
        assertThat(added).hasSizeLessThanOrEqualTo(1);
        if (end.saidDone()) {
            assertThat(added).hasSize(1);
            assertThat(end.stdout()).contains(added);
        } else if (!added.isEmpty()) {
            assertThat(end.phase()).as("the commit is the last step").isEqualTo("commit");
        }
        added.forEach(label -> survivors.add(new Survivor(repository, label)));
        Soundness.check(repository.cluster(KillSite.CLUSTER));
        if (!added.isEmpty() || asked++ % LIST_EVERY == 0) {
            place.assertInfoLists(listed, repository.name());
        }
        repository.outliveTheLease(KillSite.CLUSTER);
    }

    /** The next backup works; returns its seconds. */
    private double takeNext(RepositoryView repository) {
        List<String> before = repository.listed(KillSite.CLUSTER);
        Victim.End end = place.startBackup(repository).await();
        assertThat(end.exit()).as(end.toString()).isZero();
        assertThat(repository.listed(KillSite.CLUSTER)).hasSize(before.size() + 1);
        return end.seconds();
    }
}
