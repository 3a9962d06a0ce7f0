package io.pgbk.testkit.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * Tries a target: with its samples, with the inputs that are stored in the folder {@code fuzz/<target>} beside the class
 * of the targets, and with changed ones. The number of changed inputs and their seed are fixed, so every run tries the
 * same; {@code pgbk.seed} takes others. With {@code -Dpgbk.long=true} Jazzer goes on from there, see {@link JazzerRun}.
 */
public final class Fuzzing {
    private static final int EXECUTIONS = Integer.getInteger("pgbk.fuzz.executions", 20_000);
    private static final long MAX_NANOS = 1_300_000_000L;
    /** A target may work in threads of its own, and the machine may be busy. */
    private static final long MAX_WALL_NANOS = 5_000_000_000L;

    /** One input must not take for ever; the whole of a target is done in seconds. */
    private static final long HANG_SECONDS = 300;

    private static final long DEFAULT_SEED = 20261121;
    private static final int MAX_POOL = 300;

    private final FuzzTargets targets;

    /** @param targets the class that declares them */
    public Fuzzing(FuzzTargets targets) {
        this.targets = targets;
    }

    /**
     * Tries the target.
     *
     * @throws AssertionError naming the input for which the reader broke its contract
     */
    public void run(FuzzTarget target) {
        // Before anything is tried: what is tried may be written over what the samples are read from.
        List<byte[]> inputs = inputs(target);
        byte[][] current = new byte[1][];
        FutureTask<Void> task = new FutureTask<>(() -> execute(target, current), null);
        Thread thread =
                Thread.ofPlatform().daemon().name("fuzz-" + target.name()).start(task);
        try {
            task.get(HANG_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            AssertionError hang = new AssertionError(
                    target.name() + " does not come to an end with " + Verdicts.describe(current[0]), e);
            hang.setStackTrace(thread.getStackTrace());
            throw hang;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof AssertionError finding ? finding : new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        if (Boolean.getBoolean("pgbk.long")) {
            new JazzerRun(targets.getClass(), target).run(inputs);
        }
    }

    private void execute(FuzzTarget target, byte[][] current) {
        Verdicts verdicts = new Verdicts(target, targets.refusal());
        List<byte[]> samples = target.samples().get();
        for (byte[] sample : samples) {
            current[0] = sample;
            if (!verdicts.accepts(sample)) {
                throw new AssertionError(
                        "target " + target.name() + " refuses a sample of " + sample.length + " bytes");
            }
        }
        List<byte[]> pool = new ArrayList<>(samples);
        for (byte[] input : stored(target)) {
            current[0] = input;
            verdicts.accepts(input);
            pool.add(input);
        }
        Mutator mutator = new Mutator(seed(), target.maxInputBytes());
        int fixed = pool.size();
        long end = Verdicts.nanos() + MAX_NANOS;
        long begun = System.nanoTime();
        for (int i = 0; i < EXECUTIONS && Verdicts.nanos() < end && System.nanoTime() - begun < MAX_WALL_NANOS; i++) {
            byte[] input = mutator.next(pool);
            current[0] = input;
            // What is accepted leads further in.
            if (verdicts.accepts(input)) {
                if (pool.size() < fixed + MAX_POOL) {
                    pool.add(input);
                } else {
                    pool.set(fixed + i % MAX_POOL, input);
                }
            }
        }
    }

    private static long seed() {
        String given = System.getProperty("pgbk.seed", "");
        return given.isEmpty() ? DEFAULT_SEED : Long.parseLong(given);
    }

    private List<byte[]> inputs(FuzzTarget target) {
        List<byte[]> all = new ArrayList<>(target.samples().get());
        all.addAll(stored(target));
        return all;
    }

    private List<byte[]> stored(FuzzTarget target) {
        URL folder = targets.getClass().getResource("fuzz/" + target.name());
        if (folder == null) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(Path.of(new URI(folder.toString())))) {
            List<byte[]> inputs = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                inputs.add(Files.readAllBytes(file));
            }
            return inputs;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
