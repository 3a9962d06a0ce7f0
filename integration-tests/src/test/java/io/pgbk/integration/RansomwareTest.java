package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.S3Admin;
import io.pgbk.testkit.S3Endpoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Somebody has taken over the database host: its disks are lost, and he has the credentials of the bucket. */
class RansomwareTest {
    private static final byte[] JUNK = "all your data are belong to us".getBytes(StandardCharsets.US_ASCII);

    /** Free names, among them such as Java orders in another way than the store. */
    private static final List<String> BESIDE = List.of(
            "incarnations/99.json",
            "wal/1/000000FF.history",
            "backups/%EF%BD%9E",
            "backups/%F0%9F%98%80",
            "wal/1/%EF%BD%9E",
            "wal/1/%F0%9F%98%80");

    /** What makes a timeline seem to have WAL. */
    private static final List<String> TIMELINE =
            List.of("wal/1/000000FE.history", "wal/1/000000FE/00000000/000000FE0000000000000009");

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
            String cluster = prefix + "/clusters/main/";
            BESIDE.forEach(name -> attacker.put(cluster + name, JUNK));

            try (Site elsewhere = site.anotherHost()) {
                Path restored = places.resolve("restored");
                elsewhere.configure(restored, places, 5432, "postgres");
                elsewhere.run("restore", "--archiving", "off");
                AsPostgres.deleteTree(restored);
                // A timeline that seems to have WAL: which one is the newest can then not be known.
                TIMELINE.forEach(name -> attacker.put(cluster + name, JUNK));
                CommandOutcome unsure = elsewhere.pgbk("restore", "--archiving", "off");
                assertThat(unsure.exit()).isNotZero();
                assertThat(unsure.stderr()).contains("timeline 254", "--target-timeline");
                assertThat(restored).doesNotExist();
                elsewhere.run("restore", "--archiving", "off", "--target-timeline", "1");
                try (PostgresServer copy = PostgresServer.builder(15).on(restored)) {
                    copy.start();
                    copy.awaitPromoted();
                    assertThat(Contents.of(copy).digests()).isEqualTo(before.digests());
                }
            }
            // The repository is sound again when what was laid beside is gone, which `pgbk verify` names.
            Stream.concat(BESIDE.stream(), TIMELINE.stream())
                    .filter(name -> !name.contains("%"))
                    .forEach(name -> assertThat(attacker.removeEveryVersion(cluster + name))
                            .isEmpty());
        } finally {
            AsPostgres.deleteTree(places);
        }
    }
}
