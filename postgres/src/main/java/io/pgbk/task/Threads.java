package io.pgbk.task;

/** Waiting that an interrupt does not shorten. */
public final class Threads {
    private Threads() {}

    /**
     * Returns when the thread has ended, or was never started: for whoever must not go on while it still uses something. An
     * interrupt meanwhile is kept for the caller; what the thread waits for has to have an end of its own.
     */
    public static void awaitEnd(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
