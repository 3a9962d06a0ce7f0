package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Promise 10: program, bucket and key restore everything, configuration files outside the data directory included. */
class BareMachineTest {
    @Test
    void programBucketAndKeyRestoreEverythingWithConfigurationOutsideTheDataDirectory() throws IOException {
        Path places = AsPostgres.temporaryDirectory("places-");
        Path etc = AsPostgres.createDirectory(places.resolve("etc"));
        try (Site site = Site.create(StoreKind.S3PROXY, true)) {
            Contents before;
            String identifier;
            try (PostgresServer server = PostgresServer.builder(15)
                    .withArchiveCommand(site.archiveCommand())
                    .withCommandLineSetting(
                            "config_file", etc.resolve("postgresql.conf").toString())
                    .create()) {
                moveConfiguration(server.dataDirectory(), etc);
                site.configure(server);
                server.start();
                site.run("init");
                try (Workload _ = Workload.start(server, List.of())) {
                    site.run("backup");
                }
                site.archiveEverything();
                before = Contents.of(server);
                identifier = server.queryOne("select system_identifier::text from pg_control_system()");
            }
            AsPostgres.deleteTree(etc);

            try (Site bareMachine = site.anotherHost()) {
                Path restored = places.resolve("restored");
                bareMachine.configure(restored, places, 5432, "postgres");
                assertThat(bareMachine.run("info")).contains("-full");
                bareMachine.run("restore", "--archiving", "off");
                Path kept = restored.resolve("pgbk.config");
                try (var files = Files.walk(kept)) {
                    List<String> contents = files.filter(Files::isRegularFile)
                            .map(BareMachineTest::read)
                            .toList();
                    assertThat(contents).anyMatch(text -> text.contains("work_mem = '5MB'"));
                    assertThat(contents).anyMatch(text -> text.contains("# from the included directory"));
                    assertThat(contents).anyMatch(text -> text.contains("# the rules of this site"));
                }
                try (PostgresServer copy = PostgresServer.builder(15).on(restored)) {
                    copy.start();
                    copy.awaitPromoted();
                    assertThat(Contents.of(copy).digests()).isEqualTo(before.digests());
                    assertThat(copy.queryOne("select system_identifier::text from pg_control_system()"))
                            .isEqualTo(identifier);
                }
            }
        } finally {
            AsPostgres.deleteTree(places);
        }
    }

    /** What Debian does: postgresql.conf, pg_hba.conf, pg_ident.conf and conf.d lie in /etc. */
    private static void moveConfiguration(Path dataDirectory, Path etc) throws IOException {
        for (String name : List.of("postgresql.conf", "pg_hba.conf", "pg_ident.conf")) {
            Files.move(dataDirectory.resolve(name), etc.resolve(name));
        }
        append(etc.resolve("postgresql.conf"), """
                data_directory = '%s'
                hba_file = '%s'
                ident_file = '%s'
                include_dir = 'conf.d'
                work_mem = '5MB'
                """.formatted(
                        dataDirectory, etc.resolve("pg_hba.conf"), etc.resolve("pg_ident.conf")));
        append(etc.resolve("pg_hba.conf"), "# the rules of this site\n");
        Path more = Files.createDirectory(etc.resolve("conf.d"));
        Files.writeString(more.resolve("more.conf"), "# from the included directory\nmaintenance_work_mem = '33MB'\n");
        AsPostgres.own(etc);
    }

    private static void append(Path file, String text) throws IOException {
        Files.writeString(file, Files.readString(file) + text);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
