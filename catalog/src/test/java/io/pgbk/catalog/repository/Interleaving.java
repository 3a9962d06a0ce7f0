package io.pgbk.catalog.repository;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * One process is suspended before its nth call to the store, for every n, while another does all of its work; then it
 * goes on. Each time the repository begins as it was prepared once, and must be sound at the end.
 */
public final class Interleaving {
    private static final int MAX_CALLS = 300;

    private final Path directory;
    private final TestPlace prepared;
    private boolean removesAtOnce;

    public Interleaving(Path directory, Consumer<ClusterCatalog> preparation) {
        this.directory = directory;
        this.prepared = new TestPlace(directory.resolve("prepared"), new ManualTime());
        ClusterCatalog cluster = prepared.cluster();
        preparation.accept(cluster);
        cluster.repository().close();
    }

    /**
     * The one is not suspended between its last look and a removal: where the same names are used again meanwhile, only a
     * deletion under a condition could tell, which no store has.
     */
    public Interleaving removingAtOnce() {
        removesAtOnce = true;
        return this;
    }

    /**
     * Runs it.
     *
     * @param sleep how long the one is suspended before the other begins
     * @param afterwards what the other does and checks at the end
     */
    public void run(
            Consumer<ClusterCatalog> suspended,
            Consumer<ClusterCatalog> meanwhile,
            Duration sleep,
            Consumer<ClusterCatalog> afterwards) {
        boolean ran = true;
        int call = 0;
        while (ran) {
            assertThat(++call).isLessThan(MAX_CALLS);
            TestPlace place = new TestPlace(directory.resolve("call" + call), new ManualTime());
            copy(prepared.directory(), place.directory());
            FaultyStore store = place.store();
            try (Repository sleeper = place.open(store, "sleeper");
                    Repository other = place.open("other")) {
                store.runAtCall(call, () -> {
                    if (removesAtOnce && store.removing()) {
                        return;
                    }
                    place.time().advance(sleep);
                    tolerant(meanwhile, new ClusterCatalog(other, TestPlace.CLUSTER));
                });
                tolerant(suspended, new ClusterCatalog(sleeper, TestPlace.CLUSTER));
                ran = store.ran();
                afterwards.accept(new ClusterCatalog(other, TestPlace.CLUSTER));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("suspended before call " + call, e);
            }
            place.assertSound();
        }
        assertThat(call).isGreaterThan(5);
    }

    /** What was refused, or given up, is an answer too. */
    public static void tolerant(Consumer<ClusterCatalog> work, ClusterCatalog cluster) {
        try {
            work.accept(cluster);
        } catch (PgbkException e) {
            assertThat(e.code())
                    .as(e.toString())
                    .isIn(
                            ErrorCode.HELD_BY_ANOTHER,
                            ErrorCode.NO_FITTING_BACKUP,
                            ErrorCode.REFUSED_BY_POLICY,
                            ErrorCode.REPOSITORY_UNREACHABLE,
                            ErrorCode.WAL_GAP,
                            ErrorCode.OBJECT_MISSING);
        }
    }

    /** Another repository with the same objects: they are never changed. */
    public static void copy(Path from, Path to) {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.createLink(target, path);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
