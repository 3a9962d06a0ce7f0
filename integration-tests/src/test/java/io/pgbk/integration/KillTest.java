package io.pgbk.integration;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Processes that are killed with SIGKILL at random times spread over their whole run, and at named points: nothing false
 * is listed, nothing that is needed is gone, nothing half can be started, and the next run succeeds. Ten of each command,
 * 200 with {@code -Plong}; {@code -Dpgbk.kills=N} says otherwise. Prints where each kill hit and the seed that repeats it.
 */
class KillTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final int KILLS = Integer.getInteger("pgbk.kills", LONG ? 200 : 10);
    private static final int EVERY = 5;
    private static final int CHECK_EVERY = LONG ? 20 : 5;

    private static KillSite place;
    private static DeleteKills deletes;

    @BeforeAll
    static void start() {
        place = new KillSite(KILLS + 2);
        deletes = new DeleteKills(place);
        place.killOneAndTakeTheNext();
    }

    @AfterAll
    static void stop() {
        if (deletes != null) {
            deletes.close();
        }
        if (place != null) {
            place.close();
        }
    }

    /** Some of the named points, all of them several times in the long form. */
    private static <T> List<T> points(List<T> some, List<T> all) {
        return LONG ? Collections.nCopies(5, all).stream().flatMap(List::stream).toList() : some;
    }

    @Test
    void killedPushesLoseNothingThatWasAcknowledgedAndLeaveNoHalfSegment() {
        new PushKills(place).run(KILLS, CHECK_EVERY);
    }

    @Test
    void killedDeletionsLeaveABackupListedWithEverythingOrNotListedAndAreFinishedByTheSameCommand() {
        deletes.run(KILLS, EVERY);
        deletes.runPoints(points(List.of(1, 2, 3, 5), List.of(0, 1, 2, 3, 4, 5, 6, 7)));
        deletes.printReport();
    }

    @Test
    void killedBackupsAreListedWholeOrNotAtAllPostgresqlLeavesBackupModeAndTheNextOneWorks() {
        BackupKills backups = new BackupKills(place);
        backups.run(
                KILLS,
                EVERY,
                points(
                        List.of("copy", "commit"),
                        List.of("plan", "checkpoint", "archive", "copy", "stop", "manifest", "wal", "commit")));
        try (RestoreKills restores = new RestoreKills(place)) {
            backups.survivors().forEach(restores::restore);
        }
    }

    @Test
    void killedRestoresCannotBeStartedUnlessTheyAreCompleteAndDeltaGoesOn() {
        try (RestoreKills restores = new RestoreKills(place)) {
            restores.run(
                    KILLS,
                    EVERY,
                    points(List.of("restore", "sync"), List.of("plan", "clean", "restore", "finish", "sync")));
        }
    }
}
