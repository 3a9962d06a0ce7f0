package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Deadline;
import io.pgbk.testkit.PostgresServer;
import io.pgbk.testkit.RgwServer;
import io.pgbk.testkit.S3Endpoint;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Copies of an archive with two living lines: a primary that goes on, and a standby that was promoted beside it. From a
 * real S3 store into a directory and from there into S3 again, each under a key of its own.
 */
class CopyTimelinesTest {
    private static final String DIGEST = "select md5(string_agg(x || note, ',' order by x)) from orders";

    /** A moment of one line, and what the table held then. */
    private record Moment(int timeline, String time, String digest) {}

    @Test
    void copiesFromS3ToADirectoryAndToS3AgainRestoreEachTimelineAloneWithTheirOwnKey() throws IOException {
        Optional<RgwServer> gateway = RgwServer.find();
        Assumptions.assumeTrue(gateway.isPresent(), "Ceph's radosgw is not installed: bin/test installs it as root");
        S3Endpoint endpoint = gateway.orElseThrow().http("pgbk-tests");
        try (CommandSite site = CommandSite.start(15)) {
            String run = "t/" + Long.toHexString(System.nanoTime());
            String source = s3(site, "source", endpoint, run + "/source", "1");
            String far = s3(site, "far", endpoint, run + "/far", "3");
            AsPostgres.createDirectory(site.directory().resolve("disk"));
            AsPostgres.createDirectory(site.directory().resolve("one"));
            site.secret("disk-key", "2".repeat(64));
            site.secret("one-key", "4".repeat(64));
            String disk = directory(site, "disk");
            String one = directory(site, "one");
            Path all = site.configure("all.yaml", source, disk, far, one);
            Path only = site.configure("source.yaml", source);
            site.runWith(only, "init").orFail();
            for (String name : List.of("disk", "far", "one")) {
                site.runWith(all, "init", "--repository", name).orFail();
            }
            site.archiveWith(only);
            site.archiveOnlyWith(only);

            List<Moment> moments = new ArrayList<>();
            String last = twoLines(site, only, source, moments);

            copy(site, all, "source", "disk");
            copy(site, all, "disk", "far");
            JsonNode chain = copy(site, all, "source", "one", "--backup", last);
            assertThat(chain.get("backups"))
                    .as("full, differential, incremental")
                    .hasSize(3);
            Path farAlone = site.configure("far.yaml", far);
            Path diskAlone = site.configure("disk.yaml", disk);
            for (Path copied : List.of(diskAlone, farAlone)) {
                assertThat(site.runWith(copied, "verify").orFail().out()).contains("sound");
            }
            assertThat(site.runWith(site.configure("one.yaml", one), "verify", "--backup", last)
                            .orFail()
                            .out())
                    .contains("sound");
            assertThat(backups(site, farAlone)).isEqualTo(backups(site, only)).hasSize(5);
            assertThat(timelines(site, farAlone)).isEqualTo(timelines(site, only));
            assertThat(site.runWith(farAlone, "info").orFail().out()).contains("timeline 2 from 1");

            restore(site, farAlone, moments.get(1), "restored-far");
            restore(site, diskAlone, moments.get(0), "restored-disk");
        }
    }

    /** Lives on two lines and returns the last backup of the second, an incremental on a differential on a full. */
    private static String twoLines(CommandSite site, Path only, String source, List<Moment> moments)
            throws IOException {
        PostgresServer server = site.server();
        server.sql(
                "create table orders as select x, repeat(md5(x::text), 4) as note from generate_series(1, 3000) x",
                "alter system set wal_keep_size = '256MB'",
                "select pg_reload_conf()");
        site.archiveEverything();
        site.runWith(only, "backup").orFail();
        server.sql("update orders set note = 'before the fork' where x < 10");
        assertThat(site.runWith(only, "backup", "--type", "incr").orFail().out())
                .contains(", an incremental backup, in ");
        try (PostgresServer promoted = server.createStandby()) {
            promoted.start();
            promoted.awaitCaughtUp(server);
            keepShorterSegment(site, only);
            promoted.promote();
            Path second = site.configure(promoted, "promoted.yaml", source);
            site.archiveAlso(promoted, second);
            server.sql("update orders set note = 'old line' where x between 10 and 20");
            moments.add(moment(server, 1));
            site.archiveEverything();
            site.runWith(only, "backup", "--type", "incr").orFail();

            promoted.sql("update orders set note = 'new line' where x between 15 and 30");
            archive(promoted);
            site.runWith(second, "backup", "--type", "diff").orFail();
            promoted.sql("update orders set note = 'new line again' where x between 20 and 40");
            String last = site.runWith(second, "backup", "--type", "incr", "--output", "json")
                    .orFail()
                    .json()
                    .get("label")
                    .asString();
            moments.add(moment(promoted, 2));
            archive(promoted);
            server.sql("delete from orders where x > 2000");
            site.archiveEverything();
            assertThat(site.runWith(only, "wal", "list", "--timeline", "1")
                            .orFail()
                            .out())
                    .as("a longer content is kept beside the shorter one")
                    .containsPattern("[0-9A-F]{24} +[0-9a-f]{8} ");
            return last;
        }
    }

    /** What a server would archive that has less of the segment: its first pages. */
    private static void keepShorterSegment(CommandSite site, Path only) throws IOException {
        PostgresServer server = site.server();
        server.sql("create table little as select 1 as x");
        String name = server.queryOne("select pg_walfile_name(pg_current_wal_insert_lsn())");
        Path wal = AsPostgres.createDirectory(site.directory().resolve("shorter/pg_wal"));
        Files.createSymbolicLink(
                wal.resolveSibling("global"), server.dataDirectory().resolve("global"));
        Path file = wal.resolve(name);
        Files.copy(server.dataDirectory().resolve("pg_wal").resolve(name), file);
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
            long length = content.length();
            content.setLength(8192);
            content.setLength(length);
        }
        site.runWith(only, "archive-push", file.toString()).orFail();
    }

    private static Moment moment(PostgresServer server, int timeline) {
        String digest = server.queryOne(DIGEST);
        server.sql("select pg_sleep(0.05)");
        String time = server.queryOne("select clock_timestamp()::text");
        server.sql("select pg_sleep(0.05)", "insert into orders values (100000 + " + timeline + ", 'too late')");
        return new Moment(timeline, time, digest);
    }

    private static void archive(PostgresServer server) {
        String segment = server.queryOne("select pg_walfile_name(pg_switch_wal())");
        Deadline.within(Duration.ofSeconds(60))
                .await(
                        "archived " + segment,
                        () -> server.queryOne("select coalesce(max(last_archived_wal), '') >= '" + segment
                                        + "' from pg_stat_archiver")
                                .equals("t"));
    }

    private static void restore(CommandSite site, Path alone, Moment moment, String name) {
        try (PostgresServer copy = RestoredCopy.start(
                site,
                alone,
                15,
                name,
                "--target-time",
                moment.time(),
                "--target-timeline",
                Integer.toString(moment.timeline()))) {
            assertThat(copy.queryOne(DIGEST)).as(moment.toString()).isEqualTo(moment.digest());
        }
    }

    private static JsonNode copy(CommandSite site, Path config, String from, String to, String... more) {
        List<String> command = new ArrayList<>(List.of("copy", "--from", from, "--to", to, "--output", "json"));
        command.addAll(List.of(more));
        return site.runWith(config, command.toArray(String[]::new)).orFail().json();
    }

    private static JsonNode timelines(CommandSite site, Path config) {
        return site.runWith(config, "info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/0/incarnations/0/timelines");
    }

    private static List<String> backups(CommandSite site, Path config) {
        List<String> labels = new ArrayList<>();
        site.runWith(config, "info", "--output", "json")
                .orFail()
                .json()
                .at("/repositories/0/incarnations/0/backups")
                .forEach(backup -> labels.add(backup.get("label").asString() + " on "
                        + backup.get("parent").asString()));
        return labels;
    }

    private static String directory(CommandSite site, String name) {
        return "  - name: %s\n    url: file://%s\n    encryption: {key-file: %s}\n"
                .formatted(
                        name, site.directory().resolve(name), site.directory().resolve(name + "-key"));
    }

    private static String s3(CommandSite site, String name, S3Endpoint endpoint, String prefix, String digit) {
        return """
                - name: %s
                  url: s3://%s/%s
                  endpoint: %s
                  region: %s
                  path-style: true
                  credentials: {access-key-file: %s, secret-key-file: %s}
                  encryption: {key-file: %s}
                """.formatted(
                        name,
                        endpoint.bucket(),
                        prefix,
                        endpoint.url(),
                        endpoint.region(),
                        site.secret(name + "-access", endpoint.accessKey()),
                        site.secret(name + "-secret", endpoint.secretKey()),
                        site.secret(name + "-key", digit.repeat(64)))
                .indent(2);
    }
}
