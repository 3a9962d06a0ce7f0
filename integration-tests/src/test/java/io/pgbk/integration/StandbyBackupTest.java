package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Backups copied from a standby while the primary writes, and while the standby is promoted. */
class StandbyBackupTest {
    @ParameterizedTest(name = "PostgreSQL {0}")
    @ValueSource(ints = {13, 18})
    void backupFromAStandbyWhileThePrimaryWritesRestores(int major) {
        Path places = AsPostgres.temporaryDirectory("places-");
        try (Site site = Site.create(StoreKind.DIRECTORY, true);
                Site standbySite = site.anotherHost();
                PostgresServer primary = PostgresServer.builder(major)
                        .withArchiveCommand(site.archiveCommand())
                        .create()) {
            site.configure(primary);
            primary.start();
            site.run("init");
            try (PostgresServer standby = primary.createStandby()) {
                standbySite.configure(standby);
                standby.start();
                try (Workload _ = Workload.start(primary, List.of())) {
                    standby.awaitCaughtUp(primary);
                    standbySite.fails(52, "backup");
                    assertThat(standbySite.run("backup", "--if-primary")).doesNotContain("-full");
                    standbySite.run("backup", "--standby");
                }
                site.archiveEverything();
                Contents before = Contents.of(primary);
                try (Site bareMachine = site.anotherHost()) {
                    Path restored = places.resolve("restored");
                    bareMachine.configure(restored, places, 5432, "postgres");
                    bareMachine.run("restore", "--archiving", "off");
                    try (PostgresServer copy = PostgresServer.builder(major).on(restored)) {
                        copy.start();
                        copy.awaitPromoted();
                        assertThat(Contents.of(copy).digests()).isEqualTo(before.digests());
                        Contents.assertConsistent(copy);
                    }
                }
            }
        } finally {
            AsPostgres.deleteTree(places);
        }
    }

    @Test
    void backupFromAStandbyThatIsPromotedMeanwhileIsRefusedAndNotListed() {
        try (Site site = Site.create(StoreKind.DIRECTORY, true);
                Site standbySite = site.anotherHost().withYaml("rate-limit: 4MiB\n");
                PostgresServer primary = PostgresServer.builder(15)
                        .withArchiveCommand(site.archiveCommand())
                        .create()) {
            site.configure(primary);
            primary.start();
            site.run("init");
            try (PostgresServer standby = primary.createStandby()) {
                standbySite.configure(standby);
                standby.start();
                standby.awaitCaughtUp(primary);
                CompletableFuture<CommandOutcome> backup = CompletableFuture.supplyAsync(() -> AsPostgres.run(
                        standbySite.command("backup", "--standby"),
                        AsPostgres.PGBK_ENVIRONMENT,
                        standbySite.directory(),
                        Duration.ofMinutes(3)));
                // In backup mode a standby has a session of ours that holds the start.
                Deadline.within(Duration.ofMinutes(1))
                        .await("the backup copies", () -> packsAreBeingWritten(standbySite) || backup.isDone());
                standby.promote();
                CommandOutcome outcome = backup.join();
                assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(52);
                assertThat(site.run("info")).doesNotContain("-full");
                site.run("backup");
            }
        }
    }

    private static boolean packsAreBeingWritten(Site site) {
        Path packs = site.repositoryDirectory(0).resolve("clusters/main/packs");
        String[] labels = packs.toFile().list();
        return labels != null && labels.length > 0;
    }
}
