package io.pgbk.restore.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.manifest.FileEntry;
import io.pgbk.catalog.format.manifest.FileKind;
import io.pgbk.catalog.format.manifest.ManifestReader;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.backup.BackupCatalog;
import io.pgbk.catalog.repository.backup.BackupRecord;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Iterator;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * An index of an unlogged table is built during a backup: its main fork is there from the beginning, its init fork from
 * the end of the building on. See {@link io.pgbk.postgres.files.InitForks}.
 */
class UnloggedIndexTest {
    private static final int MAJOR = 15;

    /** An index that is being built until {@link #end}. */
    private static final class Building implements AutoCloseable {
        private final PostgresServer server;
        private final Connection lock;
        private final FutureTask<@Nullable Void> builder;

        Building(PostgresServer server) throws SQLException {
            this.server = server;
            server.sql(
                    "create unlogged table u as select 1 as id",
                    "create function waits(i int) returns int language plpgsql immutable as $$ begin"
                            + " perform pg_advisory_lock(42); perform pg_advisory_unlock(42); return i; end $$");
            lock = server.connect();
            execute("select pg_advisory_lock(42)");
            builder = new FutureTask<>(() -> {
                server.sql("create index slow on u (waits(id))");
                return null;
            });
            Thread.ofPlatform().name("test-builder").start(builder);
            server.await("select exists (select from pg_locks where locktype = 'advisory' and not granted)");
        }

        private void execute(String sql) throws SQLException {
            try (Statement statement = lock.createStatement()) {
                statement.execute(sql);
            }
        }

        /** Returns when the index is there; where it is below the data directory. */
        String end() {
            try {
                execute("select pg_advisory_unlock(42)");
                builder.get();
            } catch (SQLException | InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            }
            return server.queryOne("select pg_relation_filepath('slow')");
        }

        @Override
        public void close() throws SQLException {
            lock.close();
        }
    }

    private static BackupRecord record(RestoreSite site, String label) {
        return site.catalog().backups().require(Label.require(label));
    }

    private static long filesAndLinks(RestoreSite site, String label) {
        BackupCatalog backups = site.catalog().backups();
        BackupRecord backup = record(site, label);
        Repository repository = site.catalog().repository();
        long count = 0;
        try (ManifestReader manifest = ManifestReader.open(
                repository.store(),
                repository.keys(),
                backups.manifestKey(backup),
                backup.manifest().storedBytes())) {
            Iterator<FileEntry> files = manifest.files();
            while (files.hasNext()) {
                if (files.next().kind() != FileKind.DIRECTORY) {
                    count++;
                }
            }
        }
        return count;
    }

    @Test
    void hazardAnIndexOfAnUnloggedTableThatIsFinishedDuringTheBackupDoesNotStopRecovery() throws Exception {
        try (RestoreSite site = new RestoreSite(MAJOR);
                Building building = new Building(site.server())) {
            String[] index = new String[1];
            String label = site.backup(new TaskMonitor() {
                @Override
                public void phase(String name, long totalBytes) {
                    if (name.equals("stop")) {
                        index[0] = building.end();
                    }
                }
            });
            site.archiveEverything();
            Path directory = TestRestore.fresh();
            TestRestore restore = TestRestore.of(site, directory).backup(label);
            restore.run();
            assertThat(directory.resolve(index[0])).doesNotExist();
            assertThat(filesAndLinks(site, label))
                    .as("files in the manifest beside those that the summary counts")
                    .isEqualTo(record(site, label).summary().facts().files());
            try (PostgresServer restored =
                    restore.server(PostgresServer.builder(MAJOR)).start()) {
                restored.awaitPromoted();
                restored.sql("insert into u values (2)");
                assertThat(restored.queryOne("select count(*) from u")).isEqualTo("1");
            }
        }
    }

    /** Nothing tells its file from that of any other relation; PostgreSQL helps itself when it is started again. */
    @Test
    void hazardAnIndexOfAnUnloggedTableThatIsFinishedAfterTheBackupStopsTheFirstRecoveryOnly() throws Exception {
        try (RestoreSite site = new RestoreSite(MAJOR);
                Building building = new Building(site.server())) {
            String label = site.backup();
            String index = building.end();
            site.archiveEverything();
            Path directory = TestRestore.fresh();
            TestRestore restore = TestRestore.of(site, directory).backup(label);
            restore.run();
            assertThat(directory.resolve(index)).exists();
            try (PostgresServer restored = restore.server(PostgresServer.builder(MAJOR))) {
                assertThatThrownBy(() -> {
                            restored.start();
                            restored.awaitPromoted();
                        })
                        .hasMessageContaining("could not create file \"" + index + "\": File exists");
                restored.start();
                restored.awaitPromoted();
                assertThat(restored.queryOne("select count(*) from switched")).isEqualTo("1");
            }
        }
    }
}
