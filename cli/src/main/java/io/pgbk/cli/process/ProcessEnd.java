package io.pgbk.cli.process;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process without the JVM's own ceremony. A JVM that exits waits up to 0.3 s for threads that are in native
 * code, where the thread behind the sockets of virtual threads always is, and longer for a compilation that is running.
 * A command has by then closed and flushed what it has, and goes by {@code _exit} of the C library.
 */
public final class ProcessEnd {
    private final Thread preparation;
    private volatile @Nullable MethodHandle exit;

    private ProcessEnd() {
        preparation = Thread.ofPlatform().daemon().name("pgbk-end").unstarted(this::link);
    }

    /** Finds the function beside other work. */
    public static ProcessEnd prepare() {
        ProcessEnd end = new ProcessEnd();
        end.preparation.start();
        return end;
    }

    @SuppressWarnings("restricted") // the launcher grants native access; without it the slow way is taken
    private void link() {
        try {
            Linker linker = Linker.nativeLinker();
            exit = linker.downcallHandle(
                    linker.defaultLookup().find("_exit").orElseThrow(),
                    FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
        } catch (RuntimeException e) {
            exit = null;
        }
    }

    /** Returns when the function has been looked for. */
    public void await() {
        try {
            preparation.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the process, whatever other threads do. Nothing is flushed and no shutdown hook runs. */
    public void exit(int status) {
        await();
        MethodHandle function = exit;
        if (function != null) {
            try {
                function.invokeExact(status);
            } catch (Throwable e) {
                Runtime.getRuntime().halt(status);
            }
        }
        Runtime.getRuntime().halt(status);
    }
}
