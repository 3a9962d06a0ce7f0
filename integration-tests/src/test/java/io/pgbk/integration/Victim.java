package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * A pgbk process, as the database's user and in a process group of its own, that is there to be killed with SIGKILL. The
 * lines with which a command announces its phases on standard error tell how far it had come.
 */
final class Victim {
    /** What a command is in before it announced a phase. */
    static final String START_UP = "start-up";

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    /** What a process that SIGKILL ended leaves to its parent, as a shell says it. */
    static final int KILLED = 128 + 9;

    /** What the launcher of a hook says when its Java was killed; PostgreSQL asks again. */
    private static final int JAVA_ENDED = 90;

    private final Process process;
    private final Set<String> phases;
    private final long startNanos = System.nanoTime();
    private final AtomicReference<String> phase;
    private final Map<String, CountDownLatch> announced;
    private final FutureTask<String> stdout;
    private final FutureTask<String> stderr;

    /** Who dies. */
    enum Aim {
        /** Only Java, which is what the kernel chooses when memory is short. */
        JAVA,
        /** Java and its launcher at once, as when a container or a service ends. */
        GROUP
    }

    /**
     * How a victim ended.
     *
     * @param killed whether it was still there to be killed
     * @param phase the last one that it announced; empty for a command that announces none
     * @param seconds how long it lived
     */
    record End(boolean killed, int exit, String phase, String stdout, String stderr, double seconds) {
        /** Whether the caller was told that the work is done. */
        boolean saidDone() {
            return exit == 0;
        }
    }

    private Victim(Process process, List<String> phases) {
        this.process = process;
        this.phases = Set.copyOf(phases);
        this.phase = new AtomicReference<>(phases.isEmpty() ? "" : START_UP);
        this.announced = phases.stream().collect(Collectors.toMap(name -> name, name -> new CountDownLatch(1)));
        this.stdout =
                new FutureTask<>(() -> new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        this.stderr = new FutureTask<>(this::listen);
        Thread.ofVirtual().start(stdout);
        Thread.ofVirtual().start(stderr);
    }

    /**
     * Starts one.
     *
     * @param phases the names of the phases that the command announces
     */
    static Victim start(List<String> command, List<String> phases) {
        return start(command, phases, AsPostgres.PGBK_ENVIRONMENT);
    }

    /** As an operator or PostgreSQL starts it: a hook then takes its cache. */
    static Victim startHook(List<String> command) {
        return start(command, List.of(), Map.of());
    }

    private static Victim start(List<String> command, List<String> phases, Map<String, String> environment) {
        List<String> whole = new ArrayList<>(List.of("setsid"));
        whole.addAll(AsPostgres.command(command));
        ProcessBuilder builder =
                new ProcessBuilder(whole).directory(Path.of("/").toFile());
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            return new Victim(process, phases);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String listen() throws IOException {
        StringBuilder all = new StringBuilder();
        try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                all.append(line).append('\n');
                String name = line.split(":", 2)[0];
                if (phases.contains(name)) {
                    phase.set(name);
                    latch(name).countDown();
                }
            }
        }
        return all.toString();
    }

    private CountDownLatch latch(String name) {
        return Objects.requireNonNull(announced.get(name), name);
    }

    /** Lets it live for so long at most. */
    End killAfter(Duration time, Aim aim) {
        return uninterrupted(() -> {
            boolean ended = process.waitFor(
                    Math.max(0, time.toNanos() - (System.nanoTime() - startNanos)), TimeUnit.NANOSECONDS);
            return end(!ended && kill(aim));
        });
    }

    /** Lets it live until it announces a phase, and so much longer. */
    End killIn(String name, Duration after, Aim aim) {
        return uninterrupted(() -> {
            CountDownLatch reached = latch(name);
            while (!reached.await(20, TimeUnit.MILLISECONDS) && process.isAlive()) {
                assertThat(System.nanoTime() - startNanos).isLessThan(PATIENCE.toNanos());
            }
            boolean ended = process.waitFor(after.toNanos(), TimeUnit.NANOSECONDS);
            return end(!ended && kill(aim));
        });
    }

    /** Lets it live; kills are somebody else's. */
    End await() {
        return uninterrupted(() -> end(false));
    }

    /** Kills it; returns whether there was something to kill. */
    boolean kill(Aim aim) {
        if (!process.isAlive()) {
            return false;
        }
        // Not what Java itself has started, such as sync: that would be another test.
        List<ProcessHandle> java = process.descendants().filter(Victim::isJava).toList();
        if (aim == Aim.GROUP) {
            AsPostgres.run("kill", "-KILL", "--", "-" + process.pid());
        } else if (java.isEmpty()) {
            // The launcher has become Java, or has not come so far. By its handle: Process.destroyForcibly closes the
            // streams too, from which what it said last is still being read.
            process.toHandle().destroyForcibly();
        } else {
            java.forEach(ProcessHandle::destroyForcibly);
        }
        return true;
    }

    private static boolean isJava(ProcessHandle process) {
        return process.info()
                .command()
                .filter(command -> command.endsWith("/java"))
                .isPresent();
    }

    private End end(boolean killed) throws Exception {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        int exit = process.exitValue();
        End end = new End(killed, exit, phase(exit), stdout.get(), stderr.get(), seconds);
        if (killed) {
            assertThat(exit).as(end.toString()).isIn(0, KILLED, JAVA_ENDED);
        }
        return end;
    }

    private String phase(int exit) throws Exception {
        // Everything was said before the end of standard error.
        stderr.get();
        return exit == 0 ? "done" : phase.get();
    }

    private interface Step {
        End run() throws Exception;
    }

    private static End uninterrupted(Step step) {
        try {
            return step.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
