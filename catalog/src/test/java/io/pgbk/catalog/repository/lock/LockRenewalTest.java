package io.pgbk.catalog.repository.lock;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.retention.ExpirePlan;
import io.pgbk.catalog.store.LockProbe;
import io.pgbk.catalog.store.ObjectLock;
import io.pgbk.catalog.store.ObjectLocking;
import io.pgbk.catalog.store.ObjectStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Renewals in a directory that pretends to lock its objects. */
class LockRenewalTest {
    private static final ExpirePlan NOTHING = new ExpirePlan(List.of(), List.of(), List.of());

    @TempDir
    Path directory;

    private record Locks(ObjectLock settings) implements ObjectLocking {
        @Override
        public void extend(String key, Instant until) {
            // Counted by the renewal.
        }

        @Override
        public LockProbe probe(String prefix) {
            throw new UnsupportedOperationException();
        }
    }

    private static ObjectStore locking(ObjectStore store, int days) {
        ObjectLock settings =
                new ObjectLock(ObjectLock.Mode.COMPLIANCE, days, InstantSource.system(), LockedObjects::covers);
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (_, method, arguments) -> {
                    if (method.getName().equals("objectLocking")) {
                        return Optional.of(new Locks(settings));
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static LockRenewal.Renewed renew(TestPlace place, int days, Instant now) {
        try (Repository repository =
                Repository.open(locking(place.store(), days), TestPlace.encrypted(1), place.runtime("expire"))) {
            ClusterCatalog cluster = new ClusterCatalog(repository, TestPlace.CLUSTER);
            return new LockRenewal(cluster, () -> {})
                    .run(List.of(), NOTHING, now)
                    .orElseThrow();
        }
    }

    @Test
    void hazardFewerDaysAreRememberedWhenThereAreMoreAgain() {
        TestPlace place = new TestPlace(directory, new ManualTime());
        place.cluster();
        Instant begin = Instant.parse("2026-11-21T03:00:00Z");
        Instant fewer = begin.plus(Duration.ofDays(14));
        // repository.json, slot, incarnation
        assertThat(renew(place, 60, begin)).isEqualTo(new LockRenewal.Renewed(begin.plus(Duration.ofDays(60)), 3));
        assertThat(renew(place, 14, begin.plus(Duration.ofDays(1)))).isEqualTo(new LockRenewal.Renewed(fewer, 0));
        assertThat(renew(place, 14, begin.plus(Duration.ofDays(2)))).isEqualTo(new LockRenewal.Renewed(fewer, 0));

        // What was written in between has ended before half of 60 days are over.
        Instant again = begin.plus(Duration.ofDays(3));
        assertThat(renew(place, 60, again)).isEqualTo(new LockRenewal.Renewed(again.plus(Duration.ofDays(60)), 3));
    }
}
