package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Hazard: two servers write one timeline. What archive-push refuses has a way out that loses neither content. */
class WalResolveTest {
    @Test
    void aRefusedSegmentIsKeptBesideTheArchivedOneAndArchivingGoesOn() throws Exception {
        try (CommandSite site = CommandSite.start(16)) {
            site.run("init").orFail();
            PostgresServer server = site.server();
            site.archiveEverything();
            server.stop();
            Path clone = AsPostgres.createDirectory(site.directory().resolve("clone"));
            AsPostgres.run("cp", "-a", server.dataDirectory() + "/.", clone.toString())
                    .orThrow();
            String segment = archivedByTheClone(site, clone);
            byte[] ofTheClone = Files.readAllBytes(clone.resolve("pg_wal/" + segment));

            server.start();
            server.sql("create table ours as select generate_series(1, 100) x");
            assertThat(server.queryOne("select pg_walfile_name(pg_switch_wal())"))
                    .isEqualTo(segment);
            server.await("select failed_count > 0 and last_failed_wal = '" + segment + "' from pg_stat_archiver");
            byte[] ours = Files.readAllBytes(server.dataDirectory().resolve("pg_wal/" + segment));

            String errors = site.pushErrors();
            assertThat(errors).contains("error: repository primary has another '" + segment + "'");
            Matcher hint = Pattern.compile("'pgbk (wal resolve .*) --deliver archived\\|kept --reason TEXT'")
                    .matcher(errors);
            assertThat(hint.find()).as(errors).isTrue();
            String[] wayOut = (hint.group(1) + " --deliver archived --reason clone").split(" ");
            Outcome resolved = site.run(wayOut).orFail();

            assertThat(resolved.out()).startsWith("repository primary has " + segment + " as original, ");
            server.await("select last_archived_wal >= '" + segment + "' from pg_stat_archiver");
            assertThat(site.archiveEverything()).isGreaterThan(segment);
            assertThat(delivered(site, segment)).isEqualTo(ofTheClone);

            JsonNode shown = site.run("wal", "show", segment, "--output", "json")
                    .orFail()
                    .json();
            assertThat(shown.get("variants")).hasSize(2);
            String variant = shown.at("/variants/1/variant").asString();
            Outcome chosen = site.run("wal", "resolve", segment, "--variant", variant, "--reason", "ours")
                    .orFail();
            assertThat(chosen.out()).contains("archive-get delivers " + variant);
            assertThat(delivered(site, segment)).isEqualTo(ours);
            site.run("wal", "resolve", segment, "--variant", "original", "--reason", "theirs")
                    .orFail();
            assertThat(delivered(site, segment)).isEqualTo(ofTheClone);

            JsonNode again = site.run(
                            "wal",
                            "resolve",
                            segment,
                            "--keep",
                            "pg_wal/" + segment,
                            "--deliver",
                            "kept",
                            "--reason",
                            "after all",
                            "--output",
                            "json")
                    .orFail()
                    .json();
            assertThat(again.at("/repositories/0/delivered").asString()).isEqualTo(variant);
            assertThat(delivered(site, segment)).isEqualTo(ours);
            assertThat(site.run("wal", "show", segment).orFail().out())
                    .contains("clone")
                    .contains("after all");
            site.run("wal", "resolve", segment, "--keep", "pg_wal/" + segment, "--reason", "x")
                    .failed(2);
            site.run("wal", "resolve", segment, "--variant", variant, "--deliver", "kept", "--reason", "x")
                    .failed(2);
            site.run("wal", "resolve", "00000002.history", "--variant", "original", "--reason", "x")
                    .failed(2);
        }
    }

    private static String archivedByTheClone(CommandSite site, Path clone) {
        String segment;
        try (PostgresServer other = PostgresServer.builder(16)
                .withCommandLineSetting("archive_mode", "off")
                .on(clone)) {
            other.start();
            other.sql("create table theirs as select generate_series(1, 100) x");
            segment = other.queryOne("select pg_walfile_name(pg_switch_wal())");
            other.stopImmediately();
        }
        site.run("archive-push", clone + "/pg_wal/" + segment).orFail();
        return segment;
    }

    private static byte[] delivered(CommandSite site, String segment) throws Exception {
        Path destination = site.directory().resolve("fetched");
        Files.deleteIfExists(destination);
        site.run("archive-get", segment, destination.toString()).orFail();
        return Files.readAllBytes(destination);
    }
}
