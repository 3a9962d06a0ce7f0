package io.pgbk.restore.run;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.restore.directory.TablespaceMapping;
import io.pgbk.restore.plan.RestoreGoal;
import io.pgbk.restore.target.RecoveryTarget;
import io.pgbk.restore.target.TargetAction;
import io.pgbk.restore.target.TimelineChoice;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.PostgresServerOptions;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/** A restore as a test words it; without more it goes to the end of the archive and promotes. */
final class TestRestore {
    private final ClusterCatalog catalog;
    private final String restoreCommand;
    private final Path directory;
    private final List<TablespaceMapping> mappings = new ArrayList<>();
    private RecoveryTarget target = new RecoveryTarget.Latest();
    private TimelineChoice timeline = new TimelineChoice.Automatic();
    private Optional<String> label = Optional.empty();
    private boolean delta;
    private RecoveryRole role = new RecoveryRole.Recovery();
    private InstantSource clock = InstantSource.system();

    private TestRestore(ClusterCatalog catalog, String restoreCommand, Path directory) {
        this.catalog = catalog;
        this.restoreCommand = restoreCommand;
        this.directory = directory;
    }

    static TestRestore of(RestoreSite site, Path directory) {
        return of(site, site.catalog(), directory);
    }

    static TestRestore of(RestoreSite site, ClusterCatalog catalog, Path directory) {
        return new TestRestore(catalog, site.restoreCommand(), directory);
    }

    /** A place that does not exist yet, in a directory of the database's user. */
    static Path fresh() {
        return AsPostgres.temporaryDirectory("restore-").resolve("data");
    }

    TestRestore to(RecoveryTarget value) {
        target = value;
        return this;
    }

    TestRestore on(int value) {
        timeline = new TimelineChoice.Numbered(value);
        return this;
    }

    TestRestore backup(String value) {
        label = Optional.of(value);
        return this;
    }

    TestRestore delta() {
        delta = true;
        return this;
    }

    TestRestore as(RecoveryRole value) {
        role = value;
        return this;
    }

    TestRestore map(Path from, Path to) {
        mappings.add(new TablespaceMapping(from.toString(), to.toString()));
        return this;
    }

    TestRestore clock(InstantSource value) {
        clock = value;
        return this;
    }

    RestorePlan plan() {
        RestoreRequest request = new RestoreRequest(
                new RestoreGoal(target, timeline, label),
                directory,
                false,
                mappings,
                delta,
                role,
                TargetAction.PROMOTE,
                Optional.empty(),
                restoreCommand,
                OptionalInt.empty(),
                2);
        return new RestorePreparation(catalog, request, clock, TaskMonitor.SILENT).prepare();
    }

    RestoreReport run() {
        return run(plan());
    }

    RestoreReport run(RestorePlan plan) {
        return new RestoreRunner(catalog, clock).run(plan, TaskMonitor.SILENT);
    }

    /** A server on what was restored, not started. */
    PostgresServer server(PostgresServerOptions options) {
        AsPostgres.own(Objects.requireNonNull(directory.getParent()));
        return options.on(directory);
    }
}
