package io.pgbk.cli;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.error.ErrorCode;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The entry point of the {@code pgbk} program. */
public final class Main {
    /** How long a command may clean up after a signal. */
    private static final long CLEAN_UP_SECONDS = 60;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        ProcessContext process = ProcessContext.ofThisProcess();
        BlockingQueue<Integer> result = new ArrayBlockingQueue<>(1);
        AtomicBoolean ending = new AtomicBoolean();
        // SIGTERM, SIGINT and SIGHUP run the shutdown hooks: ask the command to stop, wait, then say so by the status.
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("signal").unstarted(() -> {
            if (!ending.get()) {
                process.stop().request();
                Integer exit = await(result);
                boolean done = exit != null && exit == 0;
                Runtime.getRuntime().halt(done ? 0 : ErrorCode.INTERRUPTED.exit());
            }
        }));
        int exit = Commands.run(List.of(args), process);
        process.out().flush();
        process.err().flush();
        if (!process.stop().isRequested()) {
            ending.set(true);
            System.exit(exit);
        }
        result.add(exit);
    }

    private static @Nullable Integer await(BlockingQueue<Integer> result) {
        try {
            return result.poll(CLEAN_UP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
