package io.pgbk.catalog.repository.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.repository.FaultyStore;
import io.pgbk.catalog.repository.Heartbeat;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.MonotonicTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.RepositoryRuntime;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    @TempDir
    Path directory;

    private ManualTime time;
    private TestPlace place;

    @BeforeEach
    void prepare() {
        time = new ManualTime();
        place = new TestPlace(directory, time);
        place.cluster().repository().close();
    }

    @AfterEach
    void check() {
        place.assertSound();
    }

    private static Leases leases(Repository repository) {
        return new StoredLeases(repository, TestPlace.CLUSTER);
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOfSatisfying(PgbkException.class, e -> {
            assertThat(e.code()).as(e.toString()).isEqualTo(code);
            for (String part : parts) {
                assertThat(e.getMessage()).contains(part);
            }
        });
    }

    /** An observer whose waiting moves the clocks, but never faster than the holder renews. */
    private RepositoryRuntime observer(Duration skew) {
        RepositoryRuntime plain = place.runtime("observer");
        MonotonicTime watching = new MonotonicTime() {
            @Override
            public long nanoTime() {
                return time.nanoTime();
            }

            @Override
            public void sleep(Duration pause) throws InterruptedException {
                time.awaitSleeper();
                time.advance(pause);
                time.awaitSleeper();
            }
        };
        return new RepositoryRuntime(
                () -> time.instant().plus(skew),
                watching,
                plain.random(),
                plain.owner(),
                plain.compression(),
                plain.temporaryDirectory());
    }

    @Test
    void aReleasedLeaseIsTakenAtOnceUnderTheNextEpoch() {
        try (Repository repository = place.open("a")) {
            long start = time.nanoTime();
            try (Leases.Lease lease = leases(repository).acquire("backup", "test", Duration.ZERO)) {
                assertThat(lease.epoch()).isEqualTo(1);
            }
            try (Leases.Lease lease = leases(repository).acquire("backup", "test", Duration.ZERO)) {
                assertThat(lease.epoch()).isEqualTo(2);
                lease.proveHeld();
            }
            assertThat(time.nanoTime()).isEqualTo(start);
        }
    }

    @Test
    void ofALivingHolderTheLeaseIsNotTakenAndTheHolderIsNamed() {
        try (Repository a = place.open("host a, process 1");
                Repository b = Repository.open(place.store(), TestPlace.encrypted(1), observer(Duration.ZERO));
                Leases.Lease held = leases(a).acquire("backup", "backup 20261121T031500Z-7k2f-full", Duration.ZERO)) {
            assertFails(
                    ErrorCode.HELD_BY_ANOTHER,
                    () -> leases(b).acquire("backup", "other", Duration.ZERO),
                    "host a, process 1",
                    "20261121T031500Z-7k2f-full");
            held.proveHeld();
        }
    }

    @Test
    void aDeadHolderIsTakenOverAfterThePeriodThatTheObserverSawAndNotBefore() {
        FaultyStore dying = place.store();
        try (Repository a = place.open(dying, "a");
                Repository b = place.open("b")) {
            Leases.Lease lost = leases(a).acquire("backup", "test", Duration.ZERO);
            dying.dieAtCall(1, false);
            long start = time.nanoTime();
            try (Leases.Lease taken = leases(b).acquire("backup", "test", Duration.ZERO)) {
                assertThat(Duration.ofNanos(time.nanoTime() - start))
                        .isBetween(Leases.PERIOD, Leases.PERIOD.plusSeconds(5));
                assertThat(taken.epoch()).isEqualTo(2);
                dying.revive();
                // Who was superseded learns it before it commits anything, and takes nothing back.
                assertFails(ErrorCode.HELD_BY_ANOTHER, lost::proveHeld, "b");
                lost.close();
                taken.proveHeld();
            }
        }
    }

    /** Runs something before the first object of that name is created. */
    private ObjectStore before(String key, Runnable action) {
        ObjectStore store = place.store();
        AtomicBoolean done = new AtomicBoolean();
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("create")
                            && String.valueOf(arguments[0]).endsWith(key)
                            && !done.getAndSet(true)) {
                        action.run();
                    }
                    return method.invoke(store, arguments);
                });
    }

    @Test
    void hazardWhoSleptBeforeItsFirstObjectDoesNotHoldTheEpochThatAnotherTookAndRenewed() {
        try (Repository b = place.open("b")) {
            List<Leases.Lease> taken = new ArrayList<>();
            ObjectStore sleeping = before("leases/backup/00000001/00000000", () -> {
                taken.add(leases(b).acquire("backup", "test", Duration.ZERO));
                for (int renewal = 0; renewal < 3; renewal++) {
                    awaitSleeper();
                    time.advance(Leases.RENEWAL);
                }
                awaitSleeper();
                // Its first object is gone, so that the sleeper's request creates it again.
                assertThat(place.directory().resolve("clusters/main/leases/backup/00000001/00000000"))
                        .doesNotExist();
            });
            try (Repository a = Repository.open(sleeping, TestPlace.encrypted(1), observer(Duration.ZERO))) {
                assertFails(ErrorCode.HELD_BY_ANOTHER, () -> leases(a).acquire("backup", "test", Duration.ZERO), "b");
            }
            taken.getFirst().proveHeld();
            taken.getFirst().close();
        }
    }

    private void awaitSleeper() {
        try {
            time.awaitSleeper();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void clocksThatDifferByDaysDoNotMatter() {
        try (Repository a = place.open("a")) {
            try (Repository b = Repository.open(place.store(), TestPlace.encrypted(1), observer(Duration.ofDays(400)));
                    Leases.Lease held = leases(a).acquire("backup", "test", Duration.ZERO)) {
                assertFails(ErrorCode.HELD_BY_ANOTHER, () -> leases(b).acquire("backup", "x", Duration.ZERO), "a");
                held.proveHeld();
            }
        }
    }

    @Test
    void aLeaseWhoseObjectIsDamagedIsWatchedLikeAnyOther() throws IOException {
        try (Repository a = place.open("a");
                Repository b = place.open("b")) {
            FaultyStore dying = place.store();
            Leases.Lease lost = leases(place.open(dying, "dead")).acquire("backup", "test", Duration.ZERO);
            assertThat(lost.epoch()).isEqualTo(1);
            dying.dieAtCall(1, false);
            Path object = place.directory().resolve("clusters/main/leases/backup/00000001/00000000");
            byte[] bytes = Files.readAllBytes(object);
            bytes[100] ^= 1;
            Files.write(object, bytes);
            try (Leases.Lease taken = leases(b).acquire("backup", "test", Duration.ZERO)) {
                assertThat(taken.epoch()).isEqualTo(2);
            }
            assertThat(a.encrypted()).isTrue();
        }
    }

    @Test
    void aStoreThatCannotCreateExclusivelyHasNoLeases() {
        TestPlace other = new TestPlace(directory.resolve("unsafe"), time);
        FaultyStore store = other.store();
        store.pretendNotExclusive();
        try (Repository repository = Repository.initialise(
                        store,
                        TestPlace.encrypted(1),
                        new io.pgbk.catalog.repository.InitOptions(true),
                        other.runtime("a"))
                .repository()) {
            assertFails(ErrorCode.STORE_UNSAFE, () -> leases(repository).acquire("backup", "test", Duration.ZERO));
        }
    }

    @Test
    void aHeartbeatIsStoppedWhileItWaitsAndNeverInTheMiddleOfItsWork() throws InterruptedException {
        CountDownLatch working = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        AtomicInteger beats = new AtomicInteger();
        Heartbeat heartbeat = Heartbeat.start("test", MonotonicTime.SYSTEM, () -> {
            beats.incrementAndGet();
            working.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            return Optional.of(Duration.ofDays(1));
        });
        working.await();
        Thread closing = Thread.ofVirtual().start(heartbeat::close);
        closing.join(Duration.ofMillis(50));
        assertThat(closing.isAlive()).isTrue();
        goOn.countDown();
        closing.join();
        assertThat(interrupted).isFalse();
        assertThat(beats).hasValue(1);
        // A day's wait ends at once.
        Heartbeat waiting = Heartbeat.start("test", MonotonicTime.SYSTEM, () -> Optional.of(Duration.ofDays(1)));
        waiting.close();
    }

    /** Reads back what was written at once, and lists only what was there before. */
    private ObjectStore lagging() {
        ObjectStore store = place.store();
        Set<String> hidden = new HashSet<>();
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(store, arguments);
                    if (method.getName().equals("create")) {
                        hidden.add(String.valueOf(arguments[0]));
                    }
                    if (result instanceof Iterator<?> listed) {
                        List<Object> shown = new ArrayList<>();
                        listed.forEachRemaining(shown::add);
                        shown.removeIf(info -> info instanceof ObjectInfo object && hidden.contains(object.key()));
                        return shown.iterator();
                    }
                    return result;
                });
    }

    @Test
    void hazardListingsThatLagEndTheAcquisitionInsteadOfTurningForEverAndLeaveTheLeaseFree() {
        RepositoryRuntime plain = place.runtime("lagging");
        MonotonicTime passing = new MonotonicTime() {
            @Override
            public long nanoTime() {
                return time.nanoTime();
            }

            @Override
            public void sleep(Duration pause) {
                time.advance(pause);
            }
        };
        RepositoryRuntime runtime = new RepositoryRuntime(
                plain.clock(), passing, plain.random(), plain.owner(), plain.compression(), plain.temporaryDirectory());
        try (Repository repository = Repository.open(lagging(), TestPlace.encrypted(1), runtime)) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertFails(
                        ErrorCode.STORE_UNSAFE,
                        () -> leases(repository).acquire("backup", "test", Duration.ZERO),
                        "listings",
                        "epoch 1 of the lease \"backup\"");
            }
        }
        try (Repository other = place.open("other");
                Leases.Lease lease = leases(other).acquire("backup", "test", Duration.ZERO)) {
            lease.proveHeld();
        }
    }
}
