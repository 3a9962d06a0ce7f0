package io.pgbk.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.CommandOutcome;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Backup, verify and restore of a large database as whole processes that may use 700 MB, the page cache included. The
 * database is large because of a table whose files are holes: 4 GiB of them, 200 GiB with {@code -Plong}.
 */
class MemoryLimitTest {
    private static final int MAJOR = 15;
    private static final long LIMIT_BYTES = 700_000_000;
    private static final long GIBIBYTE = 1L << 30;
    private static final int FILES = Boolean.getBoolean("pgbk.long") ? 200 : 4;
    private static final Duration PATIENCE = Duration.ofSeconds(120 + 10L * FILES);

    @Test
    void backupVerifyAndRestoreOfALargeDatabaseNeedLessThan700MbAndKeepHoles() throws IOException {
        Optional<MemoryGroup> made = MemoryGroup.create(LIMIT_BYTES);
        Assumptions.assumeTrue(
                made.isPresent(), "NOT TESTED: limited memory, for which one must be root and have control groups v1");
        try (MemoryGroup group = made.orElseThrow();
                Site site = Site.create(StoreKind.DIRECTORY, true);
                PostgresServer server = PostgresServer.builder(MAJOR)
                        .withArchiveCommand(site.archiveCommand())
                        .start()) {
            site.configure(server);
            site.run("init");
            server.sql("create table holes(i int)", "create table rows as select * from generate_series(1, 100000) i");
            Path holes = server.dataDirectory().resolve(server.queryOne("select pg_relation_filepath('holes')"));
            makeHoles(holes);

            run(group, site, "backup");
            run(group, site, "verify");
            Path target = site.directory().resolve("restored");
            run(group, site, "restore", "--data-directory", target.toString());

            System.out.printf(
                    "%d GiB of holes in %d MB: at most %d MB beside the page cache, %d MB with it%n",
                    FILES,
                    LIMIT_BYTES / 1_000_000,
                    group.mostAnonymousBytes() / 1_000_000,
                    group.mostBytes() / 1_000_000);
            assertThat(group.kills()).as("processes ended for lack of memory").isZero();
            Path restored = target.resolve(server.dataDirectory().relativize(holes));
            for (int i = 0; i < FILES; i++) {
                Path file = segment(restored, i);
                assertThat(Files.size(file)).isEqualTo(GIBIBYTE);
                String blocks = AsPostgres.run("stat", "--format=%b", file.toString())
                        .orThrow()
                        .stdout();
                assertThat(Long.parseLong(blocks.strip()))
                        .as("blocks of 512 bytes of " + file)
                        .isLessThan(100);
            }
            try (PostgresServer copy = PostgresServer.builder(MAJOR).on(target)) {
                copy.start();
                copy.awaitPromoted();
                assertThat(copy.queryOne("select count(*) || ' ' || pg_relation_size('holes') from rows"))
                        .isEqualTo("100000 " + FILES * GIBIBYTE);
            }
        }
    }

    private static void makeHoles(Path first) throws IOException {
        for (int i = 0; i < FILES; i++) {
            Path file = segment(first, i);
            try (RandomAccessFile handle = new RandomAccessFile(file.toFile(), "rw")) {
                handle.setLength(GIBIBYTE);
            }
            AsPostgres.own(file);
        }
    }

    private static Path segment(Path first, int number) {
        return number == 0 ? first : first.resolveSibling(first.getFileName() + "." + number);
    }

    private static void run(MemoryGroup group, Site site, String... arguments) {
        CommandOutcome outcome = group.run(site.command(arguments), site.directory(), PATIENCE);
        assertThat(outcome.exit()).as(outcome.toString()).isZero();
    }
}
