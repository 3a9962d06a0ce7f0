package io.pgbk.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ThreadsTest {
    @Test
    void anInterruptDoesNotShortenTheWaitAndIsKept() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Thread awaited = Thread.ofPlatform().start(() -> {
            while (end.getCount() > 0) {
                LockSupport.parkNanos(1_000_000);
            }
        });
        AtomicBoolean ended = new AtomicBoolean();
        AtomicBoolean kept = new AtomicBoolean();
        Thread waiting = Thread.ofPlatform().start(() -> {
            Thread.currentThread().interrupt();
            Threads.awaitEnd(awaited);
            ended.set(!awaited.isAlive());
            kept.set(Thread.currentThread().isInterrupted());
        });
        // It waits once more, or did not wait.
        while (waiting.isAlive() && waiting.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        end.countDown();
        waiting.join();

        assertThat(ended).isTrue();
        assertThat(kept).isTrue();
    }

    @Test
    void whereNothingRunsThereIsNothingToWaitForAndNoInterruptIsMade() {
        Threads.awaitEnd(Thread.ofPlatform().unstarted(() -> {}));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
}
