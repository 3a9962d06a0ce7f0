package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Somebody has taken over the database host: its disks are lost, and he has the credentials of the bucket. */
class RansomwareTest {
    @Test
    void hazardWhoHasTheHostsCredentialsCanDestroyNothingInABucketWithObjectLock() {
        Path places = AsPostgres.temporaryDirectory("places-");
        String prefix = Site.randomPrefix();
        Site.Repository repository = new Site.Repository(
                "primary", StoreKind.RGW_LOCKED, prefix, "    object-lock: {mode: compliance, days: 1}\n");
        try (Site site = Site.create(true, List.of(repository))) {
            Contents before;
            try (PostgresServer server = PostgresServer.builder(15)
                    .withArchiveCommand(site.archiveCommand())
                    .create()) {
                site.configure(server);
                server.start();
                site.run("init");
                server.sql("create table orders as select i, repeat('x', 100) from generate_series(1, 5000) i");
                site.run("backup");
                server.sql("insert into orders select i, 'later' from generate_series(5001, 6000) i");
                JsonNode check = site.json("check");
                assertThat(check.toString()).contains("locked objects cannot be removed (mode compliance, 1 days)");
                site.archiveEverything();
                before = Contents.of(server);
                String second = site.json("backup").get("label").asString();
                String removal = site.pgbk("delete", second, "--now").stdout();
                assertThat(removal).contains("locked until ");
            }
            S3Endpoint endpoint = Objects.requireNonNull(StoreKind.RGW_LOCKED.endpoint());
            S3Admin attacker = new S3Admin(endpoint);
            attacker.coverEverything(prefix + "/");
            assertThat(attacker.removeEveryVersion(prefix + "/")).isNotEmpty();
            attacker.coverEverything(prefix + "/");

            try (Site elsewhere = site.anotherHost()) {
                Path restored = places.resolve("restored");
                elsewhere.configure(restored, places, 5432, "postgres");
                elsewhere.run("restore", "--archiving", "off");
                try (PostgresServer copy = PostgresServer.builder(15).on(restored)) {
                    copy.start();
                    copy.awaitPromoted();
                    assertThat(Contents.of(copy).digests()).isEqualTo(before.digests());
                }
            }
        } finally {
            AsPostgres.deleteTree(places);
        }
    }
}
