package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.archiver.backup.ParentChooser.Choice;
import io.pgbk.archiver.backup.ParentChooser.Server;
import io.pgbk.catalog.repository.backup.BackupEvent;
import io.pgbk.catalog.repository.backup.BackupFacts;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.backup.BackupSummary;
import io.pgbk.catalog.repository.backup.PackUse;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.TimelineHistory;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which backup a differential or incremental one is built on. */
final class ParentChooserTest {
    private static final Lsn FORK = new Lsn(0x5000000);
    private static final TimelineHistory SECOND =
            new TimelineHistory(2, List.of(new TimelineHistory.Entry(1, FORK, "no reason")));
    private static final Server ON_FIRST = new Server(1, TimelineHistory.root(1), new Lsn(0x9000000));
    private static final Server ON_SECOND = new Server(1, SECOND, new Lsn(0x9000000));

    private int sequence;

    private BackupRecord backup(BackupType type, int incarnation, int timeline, long stop, Label... needs) {
        sequence++;
        Label label = label(sequence, type);
        List<PackUse> packs =
                Arrays.stream(needs).map(need -> new PackUse(need, 0, 100, 50)).toList();
        Lsn stopLsn = new Lsn(stop);
        BackupFacts facts = new BackupFacts(
                Optional.empty(),
                Optional.empty(),
                incarnation,
                timeline,
                new Lsn(stop - 0x100),
                stopLsn,
                Instant.EPOCH,
                Instant.EPOCH,
                1,
                1,
                1,
                1,
                0,
                false,
                "host",
                "1",
                Map.of(),
                packs);
        BackupSummary.ManifestReference manifest = new BackupSummary.ManifestReference(1, 1, "00");
        return new BackupRecord(
                new BackupSummary(label, facts, manifest, sequence, Optional.empty(), Instant.EPOCH),
                1,
                "00",
                List.of());
    }

    private BackupRecord full(long stop) {
        return backup(BackupType.FULL, 1, 1, stop);
    }

    private static Label label(int number, BackupType type) {
        return new Label(String.format("20260101T000000Z-%04d-%s", number, type.suffix()), type);
    }

    private static BackupRecord with(BackupRecord backup, BackupEvent event) {
        return new BackupRecord(
                backup.summary(), 1, "00", List.of(new BackupEvent.Recorded(1, Instant.EPOCH, "test", event)));
    }

    private static BackupEvent verified(BackupEvent.Verdict verdict) {
        return new BackupEvent.Verified(new BackupEvent.VerifyVerdict(verdict, 100, 1, 1, Optional.empty()));
    }

    private static Label parent(Choice choice) {
        assertThat(choice).isInstanceOf(Choice.Parent.class);
        return ((Choice.Parent) choice).backup().label();
    }

    private static String reason(Choice choice) {
        assertThat(choice).isInstanceOf(Choice.None.class);
        return ((Choice.None) choice).reason();
    }

    private static Choice incremental(Server server, BackupRecord... backups) {
        return ParentChooser.choose(BackupType.INCREMENTAL, List.of(backups), server);
    }

    @Test
    void differentialIsBuiltOnTheLastFullAndIncrementalOnTheLastBackup() {
        BackupRecord old = full(0x1000000);
        BackupRecord full = full(0x2000000);
        BackupRecord last = backup(BackupType.INCREMENTAL, 1, 1, 0x3000000, full.label());
        List<BackupRecord> all = List.of(old, full, last);

        assertThat(parent(ParentChooser.choose(BackupType.DIFFERENTIAL, all, ON_FIRST)))
                .isEqualTo(full.label());
        assertThat(parent(ParentChooser.choose(BackupType.INCREMENTAL, all, ON_FIRST)))
                .isEqualTo(last.label());
    }

    @Test
    void withoutAnyBackupAndWithoutAFullThereIsNoParent() {
        BackupRecord lonely = backup(BackupType.INCREMENTAL, 1, 1, 0x3000000);

        assertThat(reason(incremental(ON_FIRST))).isEqualTo("there is no backup yet");
        assertThat(reason(ParentChooser.choose(BackupType.DIFFERENTIAL, List.of(lonely), ON_FIRST)))
                .isEqualTo("there is no full backup yet");
        assertThatThrownBy(() -> ParentChooser.choose(BackupType.FULL, List.of(), ON_FIRST))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aBackupPastTheForkOfAnotherTimelineIsNeverTheParent() {
        BackupRecord before = full(0x4000000);
        BackupRecord past = full(0x6000000);

        assertThat(parent(incremental(ON_SECOND, before, past))).isEqualTo(before.label());
        assertThat(reason(incremental(ON_SECOND, past))).contains("which the server's history left at " + FORK);
        assertThat(parent(incremental(ON_FIRST, before, past))).isEqualTo(past.label());
    }

    @Test
    void aBackupThatEndsExactlyAtTheForkMayBeTheParentAndOneByteLaterMayNot() {
        BackupRecord at = full(FORK.value());

        assertThat(parent(incremental(ON_SECOND, at))).isEqualTo(at.label());
        assertThat(reason(incremental(ON_SECOND, full(FORK.value() + 1)))).contains("timeline 1");
    }

    @Test
    void aBackupOfASiblingTimelineIsNeverTheParent() {
        BackupRecord sibling = backup(BackupType.FULL, 1, 3, 0x6000000);

        assertThat(reason(incremental(ON_SECOND, sibling))).contains("not in the history of the server's timeline 2");
    }

    @Test
    void whatTheServersOwnTimelineHasCountsMoreThanItsAncestors() {
        BackupRecord own = backup(BackupType.FULL, 1, 2, 0x6000000);

        assertThat(parent(incremental(ON_SECOND, full(0x4000000), own))).isEqualTo(own.label());
    }

    @Test
    void aBackupAheadOfTheServerIsNotTheParent() {
        assertThat(reason(incremental(ON_FIRST, full(0x9000001)))).contains("the server has come to 0/9000000");
    }

    @Test
    void aBackupOfAnotherIncarnationIsNeverTheParent() {
        assertThat(reason(incremental(ON_FIRST, backup(BackupType.FULL, 2, 1, 0x1000000))))
                .contains("incarnation 2");
    }

    @Test
    void whatIsBeingRemovedAndWhatNeedsItIsNotTheParent() {
        BackupRecord going = with(full(0x1000000), new BackupEvent.Expiring(Instant.EPOCH, "test"));
        BackupRecord built = backup(BackupType.INCREMENTAL, 1, 1, 0x2000000, going.label());

        assertThat(reason(incremental(ON_FIRST, going))).contains("being removed");
        assertThat(reason(incremental(ON_FIRST, going, built))).contains(going.label() + ", which is being removed");
        assertThat(reason(incremental(ON_FIRST, built))).contains("being removed or gone");
    }

    @Test
    void aNegativeVerdictRulesOutABackupAndTheOneBeforeIsTaken() {
        BackupRecord sound = full(0x1000000);
        BackupRecord damaged = with(full(0x2000000), verified(BackupEvent.Verdict.DAMAGED));
        BackupRecord drilled = with(
                full(0x3000000),
                new BackupEvent.Drilled(new BackupEvent.DrillVerdict(false, "latest", 1, 1, Optional.empty())));

        assertThat(parent(incremental(ON_FIRST, sound, damaged, drilled))).isEqualTo(sound.label());
        assertThat(reason(incremental(ON_FIRST, damaged))).contains("verification found damage");
        assertThat(reason(incremental(ON_FIRST, drilled))).contains("drill failed");
    }

    @Test
    void aGapInTheWalSaysNothingAboutThePagesOfABackup() {
        BackupRecord gaps = with(full(0x1000000), verified(BackupEvent.Verdict.GAPS));

        assertThat(parent(incremental(ON_FIRST, gaps))).isEqualTo(gaps.label());
    }
}
