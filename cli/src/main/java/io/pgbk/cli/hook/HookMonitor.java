package io.pgbk.cli.hook;

import io.pgbk.cli.output.Console;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.task.TaskMonitor;

/** PostgreSQL's log gets warnings, details with {@code -v}, and no progress. */
record HookMonitor(Console console, StopRequest stop) implements TaskMonitor {
    @Override
    public void warn(String message) {
        console.warn(message);
    }

    @Override
    public void debug(String message) {
        console.debug(message);
    }

    @Override
    public void checkCancelled() {
        stop.check();
    }
}
