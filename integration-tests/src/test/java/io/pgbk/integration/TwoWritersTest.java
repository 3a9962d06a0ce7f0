package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Promise 7: whoever else writes under the same prefix by mistake, nothing mixes and nothing is overwritten. */
class TwoWritersTest {
    private static final String NEVER = "/bin/false";

    @Test
    void anotherClusterUnderTheSameNameCanNeitherInitialiseNorArchiveNorBackUp() {
        try (Site site = Site.create(StoreKind.DIRECTORY, true);
                Site impostor = site.anotherHost();
                PostgresServer server = PostgresServer.builder(15)
                        .withArchiveCommand(site.archiveCommand())
                        .create();
                PostgresServer other = PostgresServer.builder(15)
                        .withArchiveCommand(impostor.archiveCommand())
                        .create()) {
            site.configure(server);
            server.start();
            site.run("init");
            site.run("backup");
            site.archiveEverything();
            server.stop();
            Map<String, String> before = fingerprints(site);

            impostor.configure(other);
            other.start();
            assertThat(impostor.fails(30, "init")).contains(identifier(other));
            String segment = other.queryOne("select pg_walfile_name(pg_current_wal_lsn())");
            other.switchWal();
            assertThat(impostor.fails(30, "archive-push", wal(other, segment))).contains(identifier(other));
            impostor.fails(30, "backup");
            assertThat(fingerprints(site)).isEqualTo(before);
        }
    }

    @Test
    void aCloneOnTheSameTimelineIsRefusedAndOverwritesNothing() {
        try (Site site = Site.create(StoreKind.DIRECTORY, true);
                PostgresServer server =
                        PostgresServer.builder(16).withArchiveCommand(NEVER).create()) {
            site.configure(server);
            server.start();
            site.run("init");
            server.sql("create table t (x int)", "checkpoint");
            server.stop();
            Path place = AsPostgres.temporaryDirectory("clone-");
            Path copy = place.resolve("data");
            AsPostgres.run("cp", "-a", server.dataDirectory().toString(), copy.toString())
                    .orThrow();
            try (PostgresServer clone =
                    PostgresServer.builder(16).withArchiveCommand(NEVER).on(copy)) {
                server.start();
                clone.start();
                String segment = server.queryOne("select pg_walfile_name(pg_current_wal_lsn())");
                server.sql("insert into t values (1)");
                clone.sql("insert into t select generate_series(1, 100)");
                server.switchWal();
                clone.switchWal();
                site.run("archive-push", wal(server, segment));
                Map<String, String> before = fingerprints(site);

                String refusal = site.fails(31, "archive-push", wal(clone, segment));
                assertThat(refusal).contains(segment).contains("wal resolve");
                assertThat(fingerprints(site)).isEqualTo(before);
                assertThat(site.run("archive-push", wal(server, segment)))
                        .as("the same content again is fine")
                        .isEmpty();
            } finally {
                AsPostgres.deleteTree(place);
            }
        }
    }

    @Test
    void twoPromotionsToTheSameTimelineAreReportedAndNothingOfTheSecondIsStored() {
        try (Site site = Site.create(StoreKind.DIRECTORY, true);
                PostgresServer primary = PostgresServer.builder(17)
                        .withArchiveCommand(NEVER)
                        // On a busy machine a checkpoint of the new primary removes some of the old timeline's
                        // segments before the push of the new one finds them: a real gap, but not this test's.
                        .withSetting("wal_keep_size", "512MB")
                        .create()) {
            site.configure(primary);
            primary.start();
            site.run("init");
            try (PostgresServer first = primary.createStandby();
                    PostgresServer second = primary.createStandby()) {
                first.start();
                second.start();
                primary.sql("create table t (x int)");
                first.awaitCaughtUp(primary);
                first.promote();
                primary.sql("insert into t select generate_series(1, 1000)");
                second.awaitCaughtUp(primary);
                second.promote();
                first.sql("insert into t values (1)");
                second.sql("insert into t values (2)");
                String firstSegment = first.queryOne("select pg_walfile_name(pg_current_wal_lsn())");
                String secondSegment = second.queryOne("select pg_walfile_name(pg_current_wal_lsn())");
                first.switchWal();
                second.switchWal();
                site.run("archive-push", wal(first, "00000002.history"));
                site.run("archive-push", wal(first, firstSegment));
                Map<String, String> before = fingerprints(site);

                assertThat(site.fails(33, "archive-push", wal(second, "00000002.history")))
                        .contains("00000002.history");
                CommandOutcome outcome = site.pgbk("archive-push", wal(second, secondSegment));
                assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(33);
                assertThat(fingerprints(site)).isEqualTo(before);
            }
        }
    }

    private static String wal(PostgresServer server, String name) {
        return server.dataDirectory().resolve("pg_wal").resolve(name).toString();
    }

    private static String identifier(PostgresServer server) {
        return server.queryOne("select system_identifier::text from pg_control_system()");
    }

    private static Map<String, String> fingerprints(Site site) {
        Map<String, String> fingerprints = new TreeMap<>();
        try (var files = Files.walk(site.repositoryDirectory(0))) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                fingerprints.put(file.toString(), HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file))));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        return fingerprints;
    }
}
