package io.pgbk.cli.output;

import io.pgbk.task.TaskMonitor;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Shows the progress of one command: a bar on a terminal, a line at most every ten seconds elsewhere, JSON lines with
 * {@code --output json}. Costs one addition per report; the drawing is done by whichever thread finds that it is time.
 */
public final class ConsoleMonitor implements TaskMonitor {
    private static final long BAR_EVERY_NANOS = Duration.ofMillis(200).toNanos();
    private static final long LINE_EVERY_NANOS = Duration.ofSeconds(10).toNanos();
    private static final int BAR_WIDTH = 24;

    private final Console console;
    private final StopRequest stop;
    private final LongSupplier nanoTime;
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong nextReport = new AtomicLong();
    private volatile Phase current;

    private record Phase(String name, long totalBytes, long startedNanos) {}

    /**
     * @param nanoTime a monotonic clock as {@link System#nanoTime()}
     */
    public ConsoleMonitor(Console console, StopRequest stop, LongSupplier nanoTime) {
        this.console = console;
        this.stop = stop;
        this.nanoTime = nanoTime;
        this.current = new Phase("", -1, nanoTime.getAsLong());
    }

    @Override
    public void phase(String name, long totalBytes) {
        long now = nanoTime.getAsLong();
        done.set(0);
        current = new Phase(name, totalBytes, now);
        nextReport.set(now + interval());
        if (console.isJson()) {
            console.errorLine(JsonText.line(Map.of("progress", progress(current, 0))));
        } else if (!console.isTerminal()) {
            console.errorLine(name + (totalBytes < 0 ? "" : ": " + Units.bytes(totalBytes)));
        }
    }

    @Override
    public void advance(long bytes) {
        long total = done.addAndGet(bytes);
        long now = nanoTime.getAsLong();
        long due = nextReport.get();
        if (now - due >= 0 && nextReport.compareAndSet(due, now + interval())) {
            report(current, total, now);
        }
    }

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

    /** Removes the bar when the work is over. */
    public void finish() {
        console.clearBar();
    }

    private long interval() {
        return console.isTerminal() && !console.isJson() ? BAR_EVERY_NANOS : LINE_EVERY_NANOS;
    }

    private void report(Phase phase, long bytes, long now) {
        if (console.isJson()) {
            console.errorLine(JsonText.line(Map.of("progress", progress(phase, bytes))));
            return;
        }
        double seconds = Math.max(0.001, (now - phase.startedNanos()) / 1e9);
        String speed = Units.bytes((long) (bytes / seconds)) + "/s";
        if (phase.totalBytes() <= 0) {
            show(phase.name() + "  " + Units.bytes(bytes) + "  " + speed);
            return;
        }
        double share = Math.min(1, bytes / (double) phase.totalBytes());
        int filled = (int) (share * BAR_WIDTH);
        Duration left = Duration.ofSeconds((long) (seconds * (1 - share) / Math.max(share, 1e-6)));
        String percent = (int) (share * 100) + " %";
        String amounts = Units.bytes(bytes) + " of " + Units.bytes(phase.totalBytes());
        String bar = console.isTerminal() ? "[" + "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled) + "] " : "";
        show(phase.name() + "  " + bar + percent + "  " + amounts + "  " + speed
                + (share > 0.02 ? "  " + Units.span(left) + " left" : ""));
    }

    private void show(String text) {
        if (console.isTerminal()) {
            console.bar(text);
        } else {
            console.errorLine(text);
        }
    }

    private static Map<String, Object> progress(Phase phase, long bytes) {
        Map<String, Object> progress = new LinkedHashMap<>();
        progress.put("phase", phase.name());
        progress.put("bytes", bytes);
        progress.put("totalBytes", phase.totalBytes());
        return progress;
    }
}
