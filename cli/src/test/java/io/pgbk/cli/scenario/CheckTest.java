package io.pgbk.cli.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.cli.InProcess;
import io.pgbk.cli.check.CheckReport;
import io.pgbk.cli.check.CheckRunner;
import io.pgbk.cli.config.Configuration;
import io.pgbk.cli.output.StopRequest;
import io.pgbk.cli.process.ProcessContext;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import io.pgbk.testkit.S3ProxyServer;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** check tells apart what works and what does not, and looks at everything that can still be looked at. */
class CheckTest {
    private final CommandSite site = SharedSite.get();

    @Test
    void aServerThatIsNotThereDoesNotKeepTheRepositoryFromBeingChecked() throws Exception {
        Path config = site.write(
                "check-port.yaml",
                Files.readString(site.config()).replace("port: " + site.server().port(), "port: 1"));

        Outcome checked = site.runWith(config, "check", "--output", "json");

        assertThat(checked.exit()).isEqualTo(1);
        assertThat(checked.json().get("verdict").asString()).isEqualTo("failed");
        assertThat(check(checked, "postgres connection").get("ok").asBoolean()).isFalse();
        assertThat(check(checked, "postgres connection").get("hint").asString()).isNotEmpty();
        assertThat(check(checked, "repository primary, rights").get("ok").asBoolean())
                .isTrue();
    }

    @Test
    void aRepositoryOfAnotherKeyOrAnotherClusterIsNotSound() throws Exception {
        Path other = site.secret("check-key", "6".repeat(64));
        String yaml = Files.readString(site.config());
        Path wrongKey = site.write(
                "check-key.yaml", yaml.replace(site.directory().resolve("key").toString(), other.toString()));

        Outcome key = site.runWith(wrongKey, "check", "--output", "json");
        Outcome cluster = site.run("check", "--cluster", "other", "--output", "json");

        assertThat(key.exit()).isEqualTo(1);
        assertThat(check(key, "repository primary").get("ok").asBoolean()).isFalse();
        assertThat(cluster.exit()).isEqualTo(1);
        assertThat(check(cluster, "repository primary, cluster").get("hint").asString())
                .contains("pgbk init");
    }

    @Test
    void clocksOfServerAndStoreAreComparedWithTheHosts() {
        Clock slow = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-10));

        Outcome checked = site.runWith(site.config(), Map.of(), slow, "check", "--output", "json");

        assertThat(checked.exit()).isEqualTo(1);
        assertThat(check(checked, "postgres clock").get("message").asString())
                .contains("the clock of the server is")
                .contains("ahead of that of this host");
        assertThat(check(checked, "repository primary, clock").get("ok").asBoolean())
                .isFalse();
        assertThat(check(checked, "repository primary, clock").get("hint").asString())
                .contains("NTP");
    }

    @Test
    void walThatDoesNotArriveIsAFailureThatNamesTheArchiveCommand() {
        ProcessContext process = InProcess.process(
                site.directory(),
                Map.of(),
                new StopRequest(),
                Clock.systemUTC(),
                OutputStream.nullOutputStream(),
                OutputStream.nullOutputStream());
        Configuration configuration = process.configurations().load(Optional.of(site.config()), Optional.empty());
        site.pauseArchiving(true);
        try {
            CheckReport report = new CheckRunner(configuration, process, TaskMonitor.SILENT, Duration.ofSeconds(1))
                    .run(configuration.repositories());

            CheckReport.Check archiving = report.checks().getLast();
            assertThat(archiving.ok()).isFalse();
            assertThat(archiving.message())
                    .contains("did not arrive within 1 s")
                    .contains("archive_command is '");
            assertThat(report.verdict()).isEqualTo("failed");
        } finally {
            site.pauseArchiving(false);
            site.archiveEverything();
        }
    }

    @Test
    void missingRightsToKnowAboutVersionsAreSaidByInitAndCheck() throws Exception {
        Path root = Files.createDirectories(site.directory().resolve("s3-check"));
        try (S3ProxyServer s3 = S3ProxyServer.start(root, "checked");
                FaultProxy denying = FaultProxy.start(
                        s3.endpoint("checked").url(),
                        request -> request.path().contains("versioning")
                                        || request.path().contains("versions")
                                ? new Fault.Answer(403, "<Error><Code>AccessDenied</Code></Error>")
                                : new Fault.None())) {
            Path config = site.configure("check-s3.yaml", """
                  - name: primary
                    url: s3://checked/pg
                    endpoint: %s
                    region: %s
                    path-style: true
                    credentials: {access-key-file: %s, secret-key-file: %s}
                    encryption: none
                """.formatted(
                            denying.url(),
                            s3.endpoint("checked").region(),
                            site.secret("check.access", s3.endpoint("checked").accessKey()),
                            site.secret("check.secret", s3.endpoint("checked").secretKey())));

            Outcome made = site.runWith(config, "init");
            // Another cluster's name: no segment is waited for.
            Outcome checked = site.runWith(config, "check", "--cluster", "other", "--output", "json");

            assertThat(made.exit()).isZero();
            assertThat(made.all()).contains("warning: ").contains("s3:GetBucketVersioning");
            JsonNode versions = check(checked, "repository primary, versions");
            assertThat(versions.get("ok").asBoolean()).isTrue();
            assertThat(versions.get("hint").asString()).contains("s3:ListBucketVersions");
        }
    }

    private static JsonNode check(Outcome outcome, String name) {
        for (JsonNode check : outcome.json().get("checks")) {
            if (check.get("name").asString().equals(name)) {
                return check;
            }
        }
        throw new AssertionError("no check " + name + " in " + outcome);
    }
}
