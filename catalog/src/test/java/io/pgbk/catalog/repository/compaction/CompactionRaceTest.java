package io.pgbk.catalog.repository.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Interleaving;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.check.Finding;
import io.pgbk.catalog.repository.check.RepositoryCheck;
import io.pgbk.catalog.repository.check.Sample;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.copy.RepositoryCopy;
import io.pgbk.catalog.repository.expire.Expiry;
import io.pgbk.catalog.repository.layout.BackupType;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.retention.RetentionPolicy;
import io.pgbk.catalog.repository.synthesis.SmallChain;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compactions that are killed, or suspended past every deadline, at each of their calls to the store, while others
 * remove, compact and copy the same backups. Whatever is listed stays whole.
 */
class CompactionRaceTest {
    private static final boolean LONG = Boolean.getBoolean("pgbk.long");
    private static final int PAGES = 64;
    private static final int PERCENT = 40;
    private static final Duration SLEEP = Duration.ofHours(3);
    /** From the first event of a compaction to its end there are fewer. */
    private static final int CALLS_OF_EVENTS = 60;

    @TempDir
    Path directory;

    private final byte[] content = new byte[PAGES * SmallChain.PAGE];
    private TestPlace prepared;
    private Label full;
    private Label first;
    private Label second;
    private Map<Label, byte[]> contents;
    private int places;

    /** A full of which little is left in use, and two incrementals on it; the second one is not built on the first. */
    @BeforeEach
    void prepare() {
        prepared = new TestPlace(directory.resolve("prepared"), new ManualTime());
        ClusterCatalog cluster = prepared.cluster();
        SmallChain chain = new SmallChain(cluster).withoutPageErrors();
        new Random(4711).nextBytes(content);
        full = chain.take(BackupType.FULL, Optional.empty(), content);
        byte[] ofFull = content.clone();
        change(8, PAGES);
        first = chain.take(BackupType.INCREMENTAL, Optional.of(full), content);
        byte[] ofFirst = content.clone();
        change(40, 50);
        second = chain.take(BackupType.INCREMENTAL, Optional.of(full), content);
        contents = Map.of(full, ofFull, first, ofFirst, second, content.clone());
        cluster.repository().close();
    }

    private void change(int from, int to) {
        for (int page = from; page < to; page++) {
            content[page * SmallChain.PAGE] ^= 1;
        }
    }

    /** A repository as it was prepared, for one run. */
    private final class Run implements AutoCloseable {
        final TestPlace place = new TestPlace(directory.resolve("run" + ++places), new ManualTime());
        final FaultyStore store = place.store();
        final ClusterCatalog victim;
        final ClusterCatalog other;

        Run() {
            Interleaving.copy(prepared.directory(), place.directory());
            victim = new ClusterCatalog(place.open(store, "victim"), TestPlace.CLUSTER);
            other = new ClusterCatalog(place.open("other"), TestPlace.CLUSTER);
        }

        /** Compacts; returns why not to the end. */
        Optional<ErrorCode> compact() {
            try {
                CompactionRaceTest.this.compact(victim);
                return Optional.empty();
            } catch (PgbkException e) {
                assertThat(e.code())
                        .as(e.toString())
                        .isIn(
                                ErrorCode.NO_FITTING_BACKUP,
                                ErrorCode.OBJECT_MISSING,
                                ErrorCode.REPOSITORY_UNREACHABLE,
                                ErrorCode.HELD_BY_ANOTHER);
                return Optional.of(e.code());
            }
        }

        void delete(Label label) {
            Interleaving.tolerant(cluster -> cluster.backups().delete(label, Duration.ZERO, true), other);
        }

        boolean lists(Label label) {
            return other.backups().find(label).isPresent();
        }

        void assertWhole(String when) {
            SmallChain chain = new SmallChain(other);
            for (BackupRecord backup : other.backups().list()) {
                assertThat(chain.assemble(backup)).as(when).isEqualTo(contents.get(backup.label()));
            }
            place.assertSound();
        }

        @Override
        public void close() {
            victim.repository().close();
            other.repository().close();
        }
    }

    private CompactionReport compact(ClusterCatalog cluster) {
        return new Compaction(cluster, Duration.ZERO).run(Set.of(full), PERCENT, TaskMonitor.SILENT);
    }

    private int callsOfOne() {
        try (Run run = new Run()) {
            run.store.countAnew();
            assertThat(run.compact()).isEmpty();
            assertThat(run.other.backups().require(second).owners()).containsExactly(first);
            return run.store.calls();
        }
    }

    @Test
    void hazardSuspendedPastItsHoldWhileWhatItsManifestsNameIsRemovedAndKilledBehindEveryLaterCall() {
        int all = callsOfOne();
        int gone = 0;
        for (int call = Math.max(1, all - CALLS_OF_EVENTS); call < all; call++) {
            // Two of them at each call, others at the next: in twelve calls each distance was met.
            for (int behind = LONG ? 0 : call % 12; behind < 24; behind += LONG ? 1 : 12) {
                boolean withEffect = LONG || call % 2 == 0;
                try (Run run = new Run()) {
                    run.store.suspendAtCall(
                            call,
                            () -> {
                                run.place.time().advance(SLEEP);
                                // Nobody takes a backup meanwhile, so the lease stays where it is.
                                run.delete(first);
                                run.delete(full);
                            },
                            behind,
                            withEffect);
                    run.compact();
                    gone += run.lists(first) ? 0 : 1;
                    assertThat(run.lists(second)).isTrue();
                    run.assertWhole("suspended before call " + call + ", killed " + behind + " calls later");
                }
            }
        }
        assertThat(gone).isPositive();
    }

    @Test
    void hazardItAndTheRemovalOfWhatItsManifestsNameAreBothSuspendedAndFinishOneInTheOther() throws Exception {
        int all = callsOfOne();
        int gone = 0;
        for (int call = all - CALLS_OF_EVENTS; call < all; call += LONG ? 1 : 5) {
            for (int removal = 1; removal < (LONG ? 60 : 40); removal += LONG ? 1 : 13) {
                int moment = LONG ? removal : removal + call % 13;
                try (Run run = new Run()) {
                    gone += bothSuspended(run, call, moment) ? 1 : 0;
                    run.assertWhole("suspended before call " + call + " and the removal before " + moment);
                }
            }
        }
        assertThat(gone).isPositive();
    }

    /** The compaction stands; the removal goes on to a call of its own and stands while the compaction ends. */
    private boolean bothSuspended(Run run, int call, int removal) throws Exception {
        CountDownLatch stands = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        CompletableFuture<Void> compaction = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            run.store.suspendAtCall(call, () -> {
                stands.countDown();
                awaitQuietly(goesOn);
            });
            run.compact();
            stands.countDown();
            compaction.complete(null);
        });
        stands.await();
        run.place.time().advance(SLEEP);
        FaultyStore ofRemover = run.place.store();
        try (Repository remover = run.place.open(ofRemover, "remover")) {
            ofRemover.runAtCall(removal, () -> {
                goesOn.countDown();
                compaction.join();
            });
            Interleaving.tolerant(
                    cluster -> cluster.backups().delete(first, Duration.ZERO, true),
                    new ClusterCatalog(remover, TestPlace.CLUSTER));
        }
        goesOn.countDown();
        thread.join();
        compaction.join();
        return !run.lists(first);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void hazardTheAnswerToOneOfItsRequestsIsLostAndNothingThatMayBeValidIsRemoved() {
        List<Integer> changes;
        try (Run run = new Run()) {
            run.store.countAnew();
            run.compact();
            changes = run.store.changes();
        }
        assertThat(changes).hasSizeGreaterThan(8);
        for (int call : changes) {
            try (Run run = new Run()) {
                run.store.failOnceAtCall(call, true);
                run.compact();
                assertThat(run.store.failed()).isTrue();
                run.assertWhole("lost the answer to call " + call);
            }
        }
    }

    @Test
    void hazardSuspendedPastItsLeaseWhileAnotherOneFinishesAndTheEmptiedBackupIsRemoved() {
        int all = callsOfOne();
        for (int call = LONG ? 1 : all - CALLS_OF_EVENTS; call < all; call += LONG ? 1 : 3) {
            try (Run run = new Run()) {
                run.store.suspendAtCall(call, () -> {
                    run.place.time().advance(SLEEP);
                    compact(run.other);
                    run.delete(full);
                    assertThat(run.lists(full)).isFalse();
                });
                run.compact();
                run.assertWhole("suspended before call " + call);
                assertThat(run.lists(second)).isTrue();
            }
        }
    }

    @Test
    void hazardSuspendedPastItsLeaseWhileItsProposalIsWithdrawnAndWhatItNamedIsRemoved() {
        int all = callsOfOne();
        int gone = 0;
        for (int call = LONG ? 1 : all - CALLS_OF_EVENTS; call < all; call += LONG ? 1 : 2) {
            try (Run run = new Run()) {
                run.store.suspendAtCall(call, () -> {
                    run.place.time().advance(SLEEP);
                    expireWithoutCompaction(run.other);
                    run.delete(first);
                });
                run.compact();
                gone += run.lists(first) ? 0 : 1;
                run.assertWhole("suspended before call " + call);
            }
        }
        assertThat(gone).isPositive();
    }

    @Test
    void hazardACopyIsSuspendedWhileWhatItCopiesIsCompactedAndTheEmptiedBackupIsRemoved() {
        int calls = 150;
        for (int call = 1; call < calls; call += LONG ? 1 : 13) {
            try (Run run = new Run();
                    Repository target = new TestPlace(directory.resolve("to" + places), run.place.time())
                            .initialise(TestPlace.encrypted(1))) {
                ClusterCatalog to = new ClusterCatalog(target, TestPlace.CLUSTER);
                run.store.suspendAtCall(call, () -> {
                    compact(run.other);
                    run.delete(full);
                    // It is held, or was not begun to be read yet.
                });
                Interleaving.tolerant(cluster -> copy(cluster, to), run.victim);
                run.assertWhole("copy suspended before call " + call);
                copy(run.other, to);
                SmallChain there = new SmallChain(to);
                assertThat(there.assemble(second)).isEqualTo(contents.get(second));
            }
        }
    }

    private static void copy(ClusterCatalog from, ClusterCatalog to) {
        new RepositoryCopy(from, to).run(new RepositoryCopy.Request(Optional.empty(), 1, false), TaskMonitor.SILENT);
    }

    @Test
    void whatACompactionThatDiedHadProposedIsNeededUntilTheNextExpiryWithdrawsIt() {
        int all = callsOfOne();
        boolean met = false;
        for (int call = all; !met; call--) {
            try (Run run = new Run()) {
                run.store.dieAtCall(call, true);
                run.compact();
                BackupRecord proposed = run.other.backups().require(second);
                met = proposed.openProposal().isPresent();
                if (met) {
                    run.place.time().advance(SLEEP);
                    assertThat(proposed.owners()).containsExactly(full);
                    assertThatThrownBy(() -> run.other.backups().delete(first, Duration.ZERO, true))
                            .isInstanceOfSatisfying(
                                    PgbkException.class,
                                    e -> assertThat(e.code()).isEqualTo(ErrorCode.HELD_BY_ANOTHER));
                    expireWithoutCompaction(run.other);
                    assertThat(run.other.backups().require(second).openProposal())
                            .isEmpty();
                    run.delete(first);
                    assertThat(run.lists(first)).isFalse();
                    run.assertWhole("withdrawn");
                }
            }
        }
    }

    @Test
    void hazardAVerificationSleepsUntilManifestsAreReplacedAndTheOldOnesAreGoneAndCallsNothingMissing()
            throws IOException {
        try (Run run = new Run()) {
            List<BackupRecord> before = run.other.backups().list();
            compact(run.other);
            run.delete(full);
            run.place.time().advance(Duration.ofDays(8));
            assertThat(new Compaction(run.other, Duration.ZERO)
                            .removeOldManifests(run.other.backups().list(), Duration.ofDays(7)))
                    .isEqualTo(2);
            RepositoryCheck.Result result =
                    new RepositoryCheck(run.other, Sample.ALL, 1, TaskMonitor.SILENT).run(Optional.empty(), before);
            assertThat(result.tally().findings().stream().filter(Finding::serious))
                    .isEmpty();
            assertThat(result.gone()).containsExactly(full);
            // What the new manifests name is read all the same.
            run.other
                    .repository()
                    .store()
                    .delete(List.of(
                            run.other.backups().manifestKey(run.other.backups().require(second))));
            RepositoryCheck.Result lost =
                    new RepositoryCheck(run.other, Sample.ALL, 1, TaskMonitor.SILENT).run(Optional.empty(), before);
            assertThat(lost.tally().findings().stream().filter(Finding::serious))
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.backup()).hasValue(second));
        }
    }

    private static void expireWithoutCompaction(ClusterCatalog cluster) {
        RetentionPolicy keepAll =
                new RetentionPolicy(OptionalInt.of(9), Optional.empty(), 0, 0, 0, ZoneOffset.UTC, Duration.ofDays(7));
        List<Label> before =
                cluster.backups().list().stream().map(BackupRecord::label).toList();
        new Expiry(cluster, keepAll, 0, TaskMonitor.SILENT).run();
        assertThat(cluster.backups().list()).extracting(BackupRecord::label).isEqualTo(before);
    }
}
