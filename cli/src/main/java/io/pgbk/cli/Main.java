package io.pgbk.cli;

import io.pgbk.cli.command.Commands;
import io.pgbk.cli.hook.HookCall;
import io.pgbk.cli.hook.HookResult;
import io.pgbk.cli.hook.Hooks;
import io.pgbk.cli.process.CipherProviderOrder;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.cli.process.ProcessEnd;
import io.pgbk.cli.rehearsal.Rehearsal;
import io.pgbk.error.ErrorCode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The entry point of the {@code pgbk} program. */
public final class Main {
    /** How long a command may clean up after a signal. */
    private static final long CLEAN_UP_SECONDS = 60;
    /** PostgreSQL, which wants to stop, waits for its hook; all that a hook leaves is a temporary file. */
    private static final long HOOK_CLEAN_UP_SECONDS = 5;
    /** What PostgreSQL takes for a restore_command that was ended by its own shutdown. */
    private static final int TERMINATED = 143;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        CipherProviderOrder.prefer();
        List<String> arguments = List.of(args);
        ProcessContext process = ProcessContext.ofThisProcess();
        if (arguments.size() == 2 && arguments.getFirst().equals(Rehearsal.COMMAND)) {
            System.exit(Rehearsal.run(Path.of(arguments.getLast()), process));
        }
        Optional<HookCall.Kind> hook = HookCall.kindOf(arguments);
        // No lambdas from here on: those that the rehearsal does not come by cost each start time.
        @Nullable ProcessEnd end = hook.isPresent() || !isJavaWatched() ? ProcessEnd.prepare() : null;
        int interrupted =
                hook.isPresent() && hook.get() == HookCall.Kind.GET ? TERMINATED : ErrorCode.INTERRUPTED.exit();
        Signalled signalled = new Signalled(process, hook.isPresent(), interrupted, Thread.currentThread());
        // SIGTERM, SIGINT and SIGHUP run the shutdown hooks: ask the command to stop, wait, then say so by the status.
        Runtime.getRuntime().addShutdownHook(new Thread(signalled, "signal"));
        int exit = runOrHalt(arguments, process, interrupted);
        if (!process.stop().isRequested()) {
            signalled.ending = true;
            if (end != null) {
                end.exit(exit);
            }
            System.exit(exit);
        }
        signalled.exit = exit;
        signalled.ended.countDown();
    }

    /** Whether somebody gave Java options, which may name what it writes when it exits: a recording, a profile. */
    private static boolean isJavaWatched() {
        String options = System.getenv("PGBK_JAVA_OPTIONS");
        return options != null && !options.isBlank();
    }

    /** What a signal does. */
    private static final class Signalled implements Runnable {
        private final ProcessContext process;
        private final boolean isHook;
        private final int interrupted;
        private final Thread worker;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile int exit;
        private volatile boolean ending;

        Signalled(ProcessContext process, boolean isHook, int interrupted, Thread worker) {
            this.process = process;
            this.isHook = isHook;
            this.interrupted = interrupted;
            this.worker = worker;
        }

        @Override
        public void run() {
            if (ending) {
                return;
            }
            process.stop().request();
            if (isHook) {
                // It may wait for a store that does not answer.
                worker.interrupt();
            }
            boolean isDone = hasEnded() && Main.isDone(exit);
            Runtime.getRuntime().halt(isDone ? exit : interrupted);
        }

        private boolean hasEnded() {
            try {
                return ended.await(isHook ? HOOK_CLEAN_UP_SECONDS : CLEAN_UP_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    /** If the thread just ended when memory has run out, also for saying so, it would look like the end by a signal. */
    private static int runOrHalt(List<String> arguments, ProcessContext process, int interrupted) {
        try {
            return run(arguments, process);
        } catch (Throwable failure) {
            Runtime.getRuntime().halt(process.stop().isRequested() ? interrupted : ErrorCode.INTERNAL.exit());
            throw failure;
        }
    }

    /** Runs one command in a process, the hooks included, and returns its exit code. */
    static int run(List<String> arguments, ProcessContext process) {
        Optional<HookCall.Kind> hook = HookCall.kindOf(arguments);
        int exit =
                hook.isPresent() ? status(Hooks.run(hook.get(), arguments, process)) : Commands.run(arguments, process);
        process.out().flush();
        process.err().flush();
        return exit;
    }

    private static int status(HookResult result) {
        return "mapped".equals(System.getProperty("pgbk.hook-status")) ? result.launcherStatus() : result.plainStatus();
    }

    private static boolean isDone(int exit) {
        return exit == 0 || exit == new HookResult.Done().launcherStatus();
    }
}
