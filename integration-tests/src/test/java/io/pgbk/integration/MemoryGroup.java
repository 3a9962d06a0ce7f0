package io.pgbk.integration;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A control group of the kernel's first version that bounds the memory of commands, their page cache included. Only root
 * can make one.
 */
final class MemoryGroup implements AutoCloseable {
    private static final Path ROOT = Path.of("/sys/fs/cgroup/memory");
    private static final long SAMPLE_MILLIS = 20;

    private final Path directory;
    private long mostAnonymousBytes;

    private MemoryGroup(Path directory) {
        this.directory = directory;
    }

    /** A new group that does not swap; empty where none can be made. */
    static Optional<MemoryGroup> create(long limitBytes) {
        if (!Files.isWritable(ROOT.resolve("cgroup.procs"))) {
            return Optional.empty();
        }
        Path directory = ROOT.resolve("pgbk-test-" + ProcessHandle.current().pid());
        try {
            Files.createDirectory(directory);
            MemoryGroup group = new MemoryGroup(directory);
            group.write("memory.limit_in_bytes", Long.toString(limitBytes));
            group.write("memory.swappiness", "0");
            AsPostgres.own(directory.resolve("cgroup.procs"));
            return Optional.of(group);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private void write(String file, String content) throws IOException {
        Files.writeString(directory.resolve(file), content);
    }

    /** Runs a command as the database's user in the group. */
    CommandOutcome run(List<String> command, Path workingDirectory, Duration timeout) {
        List<String> inside = new ArrayList<>(List.of(
                "/bin/sh", "-c", "echo $$ >" + directory.resolve("cgroup.procs") + " && exec \"$@\"", "in-the-group"));
        inside.addAll(command);
        AtomicBoolean running = new AtomicBoolean(true);
        Thread sampler = Thread.ofPlatform().daemon().name("memory-group").start(() -> sample(running));
        try {
            return AsPostgres.run(inside, Map.of(), workingDirectory, timeout);
        } finally {
            running.set(false);
            try {
                sampler.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void sample(AtomicBoolean running) {
        try {
            while (running.get()) {
                mostAnonymousBytes = Math.max(mostAnonymousBytes, number("memory.stat", "total_rss"));
                TimeUnit.MILLISECONDS.sleep(SAMPLE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The most memory beside the page cache that was seen. */
    long mostAnonymousBytes() {
        return mostAnonymousBytes;
    }

    /** The most that was charged to the group, its page cache included; never more than the limit. */
    long mostBytes() {
        return Long.parseLong(read("memory.max_usage_in_bytes").strip());
    }

    /** How often the kernel ended a process because nothing could be freed. */
    long kills() {
        return number("memory.oom_control", "oom_kill");
    }

    private long number(String file, String name) {
        return read(file)
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(file + " has no " + name));
    }

    private String read(String file) {
        try {
            return Files.readString(directory.resolve(file), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes the group; its processes have ended. */
    @Override
    public void close() {
        try {
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
