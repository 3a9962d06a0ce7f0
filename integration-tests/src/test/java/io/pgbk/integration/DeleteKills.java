package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.S3Endpoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * {@code delete} is killed, with and without its grace period: the backup is listed with everything that it needs, or not
 * listed; the other one is untouched; the same command again finishes the work. Each victim finds the same repository, a
 * copy of the site's.
 */
final class DeleteKills implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int NO_SUCH_BACKUP = 62;

    private final KillSite place;
    private final KillReport report = new KillReport("delete");
    private final List<Copy> copies = new ArrayList<>();
    private final FaultProxy proxy;
    private final AtomicReference<Function<FaultProxy.Request, Fault>> faults =
            new AtomicReference<>(request -> new Fault.None());
    private final Path config;
    private final Path proxied;

    /** @param objects what each victim finds */
    private record Copy(RepositoryView view, SortedMap<String, byte[]> objects, String deleted, String kept) {}

    DeleteKills(KillSite place) {
        this.place = place;
        String yaml = new String(KillSite.read(place.site().config()), StandardCharsets.UTF_8);
        for (RepositoryView original : place.repositories()) {
            String prefix = original.prefix() + "-deletes";
            yaml = yaml.replace(original.prefix() + "\n", prefix + "\n");
            RepositoryView view = original.copy(prefix, place.key());
            List<String> labels = view.listed(KillSite.CLUSTER);
            copies.add(new Copy(view, view.objects(), labels.getFirst(), labels.getLast()));
        }
        S3Endpoint endpoint = Objects.requireNonNull(StoreKind.S3PROXY.endpoint());
        proxy = FaultProxy.start(endpoint.url(), request -> faults.get().apply(request));
        config = write("deletes.yaml", yaml);
        proxied = write(
                "proxied.yaml",
                yaml.replace(endpoint.url().toString(), proxy.url().toString()));
    }

    private Path write(String name, String yaml) {
        Path file = place.site().directory().resolve(name);
        AsPostgres.write(file, yaml);
        return file;
    }

    /**
     * Kills at random times.
     *
     * @param every after so many kills the program's own list is asked
     */
    void run(int kills, int every) {
        Copy first = copies.getFirst();
        start(first, true).await();
        first.view().rewind(first.objects());
        Victim.End undisturbed = start(first, true).await();
        assertThat(undisturbed.exit()).as(undisturbed.toString()).isZero();
        first.view().rewind(first.objects());
        KillTimes times = new KillTimes("delete", kills, undisturbed.seconds());
        for (int i = 0; i < kills; i++) {
            Copy copy = copies.get(i % copies.size());
            boolean now = i % 4 < 3;
            Victim.Aim aim = times.aim();
            Victim.End end = start(copy, now).killAfter(times.after(i), aim);
            String state = state(copy);
            report.add(
                    KillReport.percent(times.fraction(i)), copy.view().name() + (now ? " --now" : ""), aim, end, state);
            assertSound(copy, end, now, i % every == 0);
            finish(copy, end, now).ifPresent(times::undisturbed);
            copy.view().rewind(copy.objects());
        }
    }

    /** Kills at named points: when the S3 server is asked for the nth change, from 0, and would carry it out. */
    void runPoints(List<Integer> points) {
        Copy copy = copies.getLast();
        for (int point : points) {
            AtomicInteger changes = new AtomicInteger();
            CompletableFuture<Victim> victim = new CompletableFuture<>();
            faults.set(request -> {
                boolean change =
                        !request.method().equals("GET") && !request.method().equals("HEAD");
                if (!change || changes.getAndIncrement() != point) {
                    return new Fault.None();
                }
                victim.join().kill(Victim.Aim.JAVA);
                return new Fault.Reset();
            });
            victim.complete(Victim.start(command(proxied, copy, true), List.of()));
            Victim.End end = victim.join().await();
            faults.set(request -> new Fault.None());
            assertThat(end.exit()).as(end.toString()).isEqualTo(changes.get() > point ? Victim.KILLED : 0);
            report.add("change " + point, "remote --now", Victim.Aim.JAVA, end, state(copy));
            assertSound(copy, end, true, true);
            finish(copy, end, true);
            copy.view().rewind(copy.objects());
        }
    }

    void printReport() {
        report.print();
    }

    private static List<String> command(Path config, Copy copy, boolean now) {
        List<String> command = new ArrayList<>(List.of(
                Distribution.launcher().toString(),
                "--config",
                config.toString(),
                "--repository",
                copy.view().name(),
                "delete",
                copy.deleted()));
        if (now) {
            command.add("--now");
        }
        return command;
    }

    private Victim start(Copy copy, boolean now) {
        return Victim.start(command(config, copy, now), List.of());
    }

    private static List<String> keysOf(Copy copy) {
        List<String> keys = new ArrayList<>(copy.view().keys("clusters/main/backups/" + copy.deleted() + "/"));
        keys.addAll(copy.view().keys("clusters/main/packs/" + copy.deleted() + "/"));
        return keys;
    }

    /** How far it had come. */
    private static String state(Copy copy) {
        List<String> left = keysOf(copy);
        long before = copy.objects().keySet().stream()
                .filter(key -> key.contains("/" + copy.deleted() + "/"))
                .count();
        if (left.isEmpty()) {
            return "everything removed";
        }
        if (!copy.view().listed(KillSite.CLUSTER).contains(copy.deleted())) {
            return "not listed, " + left.size() + " of " + before + " objects left";
        }
        return left.size() > before ? "announced" : "nothing changed";
    }

    /** The kept one is listed, the other one only while nothing of it is missing; both lists agree. */
    private void assertSound(Copy copy, Victim.End end, boolean now, boolean askTheProgram) {
        List<String> listed = copy.view().listed(KillSite.CLUSTER);
        assertThat(listed).contains(copy.kept());
        if (end.saidDone() && now) {
            assertThat(listed).doesNotContain(copy.deleted());
            assertThat(keysOf(copy)).as("said that they are gone").isEmpty();
        }
        if (!now) {
            assertThat(listed).as("a grace period keeps it").contains(copy.deleted());
        }
        assertThat(copy.view().keys("clusters/main/packs/" + copy.kept() + "/"))
                .containsAll(copy.objects().keySet().stream()
                        .filter(key -> key.startsWith("clusters/main/packs/" + copy.kept() + "/"))
                        .toList());
        Soundness.check(copy.view().cluster(KillSite.CLUSTER));
        if (askTheProgram) {
            place.assertInfoLists(listed, copy.view().name(), "--config", config.toString());
        }
    }

    /** The same command again succeeds, unless there is nothing left to do; returns its seconds when it did all. */
    private OptionalDouble finish(Copy copy, Victim.End end, boolean now) {
        boolean somethingLeft = !keysOf(copy).isEmpty();
        if (end.saidDone()) {
            return OptionalDouble.of(end.seconds());
        }
        long start = System.nanoTime();
        CommandOutcome again = AsPostgres.run(command(config, copy, now), AsPostgres.PGBK_ENVIRONMENT, null, PATIENCE);
        assertThat(again.exit()).as(again.toString()).isEqualTo(somethingLeft ? 0 : NO_SUCH_BACKUP);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (now) {
            assertThat(keysOf(copy)).isEmpty();
        }
        Soundness.check(copy.view().cluster(KillSite.CLUSTER));
        assertThat(copy.view().listed(KillSite.CLUSTER)).contains(copy.kept());
        return somethingLeft ? OptionalDouble.of(seconds) : OptionalDouble.empty();
    }

    @Override
    public void close() {
        proxy.close();
        copies.forEach(copy -> copy.view().close());
    }
}
