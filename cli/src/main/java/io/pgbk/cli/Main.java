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
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
        Optional<ProcessEnd> end = hook.map(kind -> ProcessEnd.prepare());
        int interrupted =
                hook.filter(kind -> kind == HookCall.Kind.GET).isPresent() ? TERMINATED : ErrorCode.INTERRUPTED.exit();
        BlockingQueue<Integer> result = new ArrayBlockingQueue<>(1);
        AtomicBoolean ending = new AtomicBoolean();
        Thread worker = Thread.currentThread();
        // SIGTERM, SIGINT and SIGHUP run the shutdown hooks: ask the command to stop, wait, then say so by the status.
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("signal").unstarted(() -> {
            if (!ending.get()) {
                process.stop().request();
                if (hook.isPresent()) {
                    // It may wait for a store that does not answer.
                    worker.interrupt();
                }
                Integer exit = await(result, hook.isPresent() ? HOOK_CLEAN_UP_SECONDS : CLEAN_UP_SECONDS);
                Runtime.getRuntime().halt(exit != null && isDone(exit) ? exit : interrupted);
            }
        }));
        int exit = runOrHalt(arguments, process, interrupted);
        if (!process.stop().isRequested()) {
            ending.set(true);
            end.ifPresent(quick -> quick.exit(exit));
            System.exit(exit);
        }
        result.add(exit);
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
        int exit = HookCall.kindOf(arguments)
                .map(kind -> status(Hooks.run(kind, arguments, process)))
                .orElseGet(() -> Commands.run(arguments, process));
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

    private static @Nullable Integer await(BlockingQueue<Integer> result, long seconds) {
        try {
            return result.poll(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
