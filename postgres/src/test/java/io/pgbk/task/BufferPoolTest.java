package io.pgbk.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BufferPoolTest {
    private static final int MIB = 1 << 20;
    private static final long ONE = BufferPool.sizeOf(MIB);

    private final BufferPool pool = new BufferPool(4 * ONE);
    private final Queue<String> said = new ConcurrentLinkedQueue<>();
    private final TaskMonitor monitor = new TaskMonitor() {
        @Override
        public void warn(String message) {
            said.add("warning: " + message);
        }

        @Override
        public void debug(String message) {
            said.add(message);
        }
    };

    private BufferPool.Share reserve(long bytes) {
        return pool.reserve("test", 1, bytes, monitor).shares().getFirst();
    }

    @Test
    void theLimitHoldsWithManyThreadsAndAllOfThemGetTheirTurn() throws Exception {
        List<Thread> threads = new ArrayList<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(64);
        for (int i = 0; i < 64; i++) {
            int need = 1 + i % 4;
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    for (int turn = 0; turn < 50; turn++) {
                        try (BufferPool.Share share = reserve(need * ONE)) {
                            for (int taken = 0; taken < need; taken++) {
                                share.take(MIB)[taken] = (byte) turn;
                            }
                            assertThat(pool.arrayBytes()).isLessThanOrEqualTo(pool.limitBytes());
                            assertThat(pool.reservedBytes()).isBetween(need * ONE, pool.limitBytes());
                        }
                    }
                    done.countDown();
                } catch (Throwable e) {
                    failure.set(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(failure.get()).isNull();
        assertThat(done.getCount()).isZero();
        assertThat(pool.peakBytes()).isEqualTo(pool.limitBytes());
        assertThat(pool.reservedBytes()).isZero();
        assertThat(pool.arrayBytes()).isLessThanOrEqualTo(pool.limitBytes());
    }

    @Test
    void whoeverWaitsIsServedInTheOrderOfComing() throws Exception {
        BufferPool.Share all = reserve(4 * ONE);
        Queue<Integer> order = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int mine = i;
            // The large need is not overtaken by the small ones behind it.
            long need = i == 0 ? 4 * ONE : 4 * ONE - i;
            Thread thread = Thread.ofPlatform().start(() -> {
                try (BufferPool.Share share = reserve(need)) {
                    assertThat(share.take(MIB)).hasSizeGreaterThan(MIB);
                    order.add(mine);
                }
            });
            threads.add(thread);
            awaitWaiting(thread);
        }
        assertThat(pool.tryReserve(1)).as("overtaking").isEmpty();
        all.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(order).containsExactly(0, 1, 2, 3, 4);
        assertThat(pool.reservedBytes()).isZero();
    }

    private static void awaitWaiting(Thread thread) throws InterruptedException {
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.sleep(1);
        }
    }

    @Test
    void fewerWorkersAreUsedWhenThereIsNoRoomForAllAndThatIsSaidOnce() {
        for (int i = 0; i < 2; i++) {
            try (BufferPool.Reservation reservation = pool.reserve("backup", 64, ONE + 1, monitor)) {
                assertThat(reservation.shares()).hasSize(3);
            }
        }
        assertThat(pool.reservedBytes()).isZero();
        assertThat(said)
                .containsExactly("warning: backup: 3 of 64 workers with 2MiB of buffers each, in 5MiB of buffer-memory;"
                        + " more do not fit");
    }

    @Test
    void aPoolThatIsTooSmallForOneWorkerSaysHowMuchIsNeeded() {
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> pool.reserve("restore", 2, 10L << 20, monitor))
                .satisfies(failure -> {
                    assertThat(failure.code()).isEqualTo(ErrorCode.CONFIGURATION);
                    assertThat(failure)
                            .hasMessage("restore needs 10MiB for the buffers of one worker, and buffer-memory is 5MiB");
                    assertThat(failure.hint()).isEqualTo("Set buffer-memory to 10MiB or more.");
                });
    }

    @Test
    void aThreadThatHoldsMemoryNeverWaitsForMore() throws Exception {
        BufferPool.Share held = reserve(2 * ONE);
        try (BufferPool.Share more = reserve(2 * ONE)) {
            assertThat(more.take(MIB)).isNotNull();
        }
        assertThatExceptionOfType(PgbkException.class)
                .isThrownBy(() -> reserve(3 * ONE))
                .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.CONFIGURATION));

        // A worker whose share somebody else reserved for it holds it too.
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread worker = Thread.ofPlatform().start(() -> {
            try {
                assertThat(held.take(MIB)).isNotNull();
                assertThatExceptionOfType(PgbkException.class).isThrownBy(() -> reserve(3 * ONE));
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        worker.join();
        held.close();
        assertThat(failure.get()).isNull();
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void anArrayIsUsedAgainAndAllComeBackWhenTheShareIsClosed() {
        BufferPool.Share share = reserve(2 * ONE);
        byte[] first = share.take(MIB);
        share.give(first);
        assertThat(share.take(MIB - 5)).isSameAs(first);
        assertThat(share.take(MIB)).isNotSameAs(first);
        assertThatIllegalArgumentException().isThrownBy(() -> share.give(new byte[MIB]));
        share.close();
        BufferPool.Share next = reserve(2 * ONE);
        assertThat(List.of(next.take(MIB), next.take(MIB))).contains(first);
        next.close();
        assertThatThrownBy(() -> next.take(MIB)).isInstanceOf(IllegalStateException.class);
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void freeArraysOfOtherSizesGoBeforeTheLimitIsPassed() {
        try (BufferPool.Share share = reserve(4 * ONE)) {
            IntStream.range(0, 4).forEach(i -> share.take(MIB));
        }
        assertThat(pool.arrayBytes()).isEqualTo(4 * ONE);
        try (BufferPool.Share share = reserve(4 * ONE)) {
            assertThat(share.take(3 * MIB)).hasSizeGreaterThan(3 * MIB);
            assertThat(pool.arrayBytes()).isLessThanOrEqualTo(pool.limitBytes());
        }
    }

    @Test
    void aShareThatWasReckonedTooSmallGrowsWhileThereIsRoom() {
        try (BufferPool.Share share = reserve(ONE)) {
            byte[] small = share.take(MIB);
            share.give(small);
            assertThat(pool.grownBytes()).isZero();
            assertThat(share.take(3 * MIB)).hasSizeGreaterThan(3 * MIB);
            assertThat(pool.reservedBytes()).isEqualTo(BufferPool.sizeOf(3 * MIB));
            assertThat(pool.grownBytes()).isEqualTo(BufferPool.sizeOf(3 * MIB) - ONE);
            assertThatExceptionOfType(PgbkException.class)
                    .isThrownBy(() -> share.take(MIB))
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.CONFIGURATION));
            assertThat(pool.peakBytes()).isLessThanOrEqualTo(pool.limitBytes());
        }
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void waitingEndsWithAnInterruptionOrACancellationAndHoldsUpNobodyElse() throws Exception {
        BufferPool.Share all = reserve(4 * ONE);
        AtomicReference<Throwable> interrupted = new AtomicReference<>();
        Thread first = Thread.ofPlatform().start(() -> {
            try (BufferPool.Share never = reserve(ONE)) {
                interrupted.set(new AssertionError(never));
            } catch (PgbkException e) {
                interrupted.set(e);
            }
        });
        awaitWaiting(first);
        AtomicBoolean cancelled = new AtomicBoolean();
        AtomicReference<Throwable> stopped = new AtomicReference<>();
        Thread second = Thread.ofPlatform().start(() -> {
            TaskMonitor cancelling = new TaskMonitor() {
                @Override
                public void checkCancelled() {
                    if (cancelled.get()) {
                        throw new PgbkException(ErrorCode.INTERRUPTED, "cancelled");
                    }
                }
            };
            try (BufferPool.Reservation never = pool.reserve("test", 1, ONE, cancelling)) {
                stopped.set(new AssertionError(never));
            } catch (PgbkException e) {
                stopped.set(e);
            }
        });
        awaitWaiting(second);

        first.interrupt();
        cancelled.set(true);
        first.join();
        second.join();
        all.close();

        assertThat(interrupted.get()).hasMessage("interrupted while waiting for buffers");
        assertThat(stopped.get()).hasMessage("cancelled");
        assertThat(pool.tryReserve(4 * ONE)).isPresent();
    }

    @Test
    void workersHaveBuffersOfTheirOwnThatComeBackHoweverTheyEnd() throws IOException {
        List<Buffers> seen = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch together = new CountDownLatch(3);
        try (Workers workers = Workers.within(pool, "crew", 8, ONE + 1, monitor)) {
            assertThat(workers.count()).isEqualTo(3);
            assertThat(workers.buffers()).as("of a thread that is no worker").isSameAs(Buffers.HEAP);
            Workers.Task task = () -> {
                together.countDown();
                try {
                    assertThat(together.await(30, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                try (ScratchBuffer scratch = new ScratchBuffer(workers.buffers())) {
                    scratch.atLeast(10)[3] = 1;
                    assertThat(scratch.atLeast(MIB)).hasSizeGreaterThan(MIB);
                }
                seen.add(workers.buffers());
            };
            workers.run(List.of(task, task, task));
            assertThat(seen).doesNotHaveDuplicates().hasSize(3).doesNotContain(Buffers.HEAP);
            assertThatThrownBy(() -> workers.run(List.of(() -> {
                        assertThat(workers.buffers().take(MIB)).isNotNull();
                        throw new IOException("no");
                    })))
                    .hasMessage("no");
        }
        assertThat(pool.reservedBytes()).isZero();
        assertThat(pool.peakBytes()).isEqualTo(3 * (ONE + 1));
    }
}
