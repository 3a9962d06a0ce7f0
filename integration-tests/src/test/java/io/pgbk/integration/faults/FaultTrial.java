package io.pgbk.integration.faults;

import static io.pgbk.integration.faults.FaultSite.done;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.integration.Site;
import io.pgbk.integration.faults.FaultRow.Patience;
import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.Fault;
import io.pgbk.testkit.FaultProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** A repository of its own behind a proxy, and the commands run against it; afterwards it is looked at without faults. */
final class FaultTrial implements AutoCloseable {
    /** Far behind everything that is archived. */
    private static final String NEVER_WRITTEN = "000000010000000F00000001";
    /** Files that a restore writes otherwise than they were, and with its own paths and times. */
    private static final List<String> CHANGED = List.of("postgresql.auto.conf", "postgresql.conf", "backup_manifest");

    private final FaultSite site;
    private final String prefix;
    private final Path sound;
    private final Patience patience;
    private final Path target;
    private final Path recovering;
    private int requests;

    FaultTrial(FaultSite site, Patience patience) {
        this.site = site;
        this.patience = patience;
        prefix = site.copyRepository();
        sound = site.configure(prefix, site.url(), Patience.PATIENT);
        target = site.newDirectory("restored");
        recovering = site.recovering();
    }

    /** How many requests the last command sent. */
    int requests() {
        return requests;
    }

    private static String segment(FaultSite site, FaultCommand command) {
        return site.segments().get(command == FaultCommand.PUSH ? 0 : 1);
    }

    /** Runs a command while requests meet these faults. */
    Pgbk.Ended run(FaultCommand command, Function<FaultProxy.Request, Fault> faults) {
        if (command == FaultCommand.PUSH) {
            site.forget(prefix, segment(site, command));
        }
        site.archiveTo(prefix, command == FaultCommand.BACKUP);
        try (FaultProxy proxy = FaultProxy.start(site.url(), faults)) {
            Path configuration = site.configure(prefix, proxy.url(), patience);
            Pgbk.Ended ended = run(command, configuration, target);
            requests = proxy.requests().size();
            return ended;
        } finally {
            site.archiveTo(prefix, false);
        }
    }

    private Pgbk.Ended run(FaultCommand command, Path configuration, Path directory) {
        Path data = site.server().dataDirectory();
        return switch (command) {
            case PUSH -> Pgbk.run(configuration, data, "archive-push", "pg_wal/" + segment(site, command));
            case GET ->
                Pgbk.run(configuration, recovering, "archive-get", segment(site, command), "pg_wal/RECOVERYXLOG");
            case GET_ABSENT -> Pgbk.run(configuration, recovering, "archive-get", NEVER_WRITTEN, "pg_wal/RECOVERYXLOG");
            case RESTORE ->
                Pgbk.run(
                        configuration,
                        data,
                        "restore",
                        "--backup",
                        site.label(),
                        "--target-immediate",
                        "--data-directory",
                        directory.toString());
            case BACKUP -> Pgbk.run(configuration, data, "backup", "--output", "json");
            case VERIFY -> Pgbk.run(configuration, data, "verify");
        };
    }

    /** Looks, without faults, whether what was said to be done is done, and that what failed left nothing false. */
    void assertEffect(FaultCommand command, Pgbk.Ended ended) throws IOException {
        switch (command) {
            case PUSH -> assertPushed(ended);
            case GET, GET_ABSENT -> assertDelivered(command, ended);
            case RESTORE -> assertRestored(ended);
            case BACKUP -> assertListed(ended);
            case VERIFY -> {
                // What it says is all that it does.
            }
        }
    }

    private void assertPushed(Pgbk.Ended ended) throws IOException {
        String segment = segment(site, FaultCommand.PUSH);
        Path asking = site.recovering();
        Pgbk.Ended got = Pgbk.run(sound, asking, "archive-get", segment, "pg_wal/RECOVERYXLOG");
        if (got.exit() == 0) {
            assertThat(asking.resolve("pg_wal/RECOVERYXLOG")).hasBinaryContent(content(segment));
        } else {
            assertThat(ended.exit()).as("said to be archived, but: " + got).isNotZero();
            done(Pgbk.run(sound, site.server().dataDirectory(), "archive-push", "pg_wal/" + segment));
            done(Pgbk.run(sound, asking, "archive-get", segment, "pg_wal/RECOVERYXLOG"));
            assertThat(asking.resolve("pg_wal/RECOVERYXLOG")).hasBinaryContent(content(segment));
        }
    }

    private byte[] content(String segment) throws IOException {
        return Files.readAllBytes(
                site.server().dataDirectory().resolve("pg_wal").resolve(segment));
    }

    private void assertDelivered(FaultCommand command, Pgbk.Ended ended) throws IOException {
        Path delivered = recovering.resolve("pg_wal/RECOVERYXLOG");
        if (command == FaultCommand.GET && ended.exit() == 0) {
            assertThat(delivered).hasBinaryContent(content(segment(site, command)));
            Files.delete(delivered);
        }
        assertThat(ended.exit() == 1 && command == FaultCommand.GET)
                .as("called absent although it is there: " + ended)
                .isFalse();
        try (Stream<Path> files = Files.list(recovering.resolve("pg_wal"))) {
            assertThat(files).as("left beside the destination").isEmpty();
        }
    }

    private void assertRestored(Pgbk.Ended ended) throws IOException {
        if (ended.exit() != 0) {
            assertThat(target.resolve("global/pg_control"))
                    .as("nothing starts from a half restore")
                    .doesNotExist();
            done(Pgbk.run(
                    sound,
                    site.server().dataDirectory(),
                    "restore",
                    "--delta",
                    "--backup",
                    site.label(),
                    "--target-immediate",
                    "--data-directory",
                    target.toString()));
        }
        assertSameFiles(site.restored(sound), target);
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        assertThat(names(actual)).isEqualTo(names(expected));
        for (String name : names(expected)) {
            Path file = expected.resolve(name);
            if (Files.isRegularFile(file) && !CHANGED.contains(name)) {
                assertThat(Arrays.mismatch(Files.readAllBytes(file), Files.readAllBytes(actual.resolve(name))))
                        .as("first byte that differs in " + name)
                        .isEqualTo(-1);
            }
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.map(path -> directory.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    private void assertListed(Pgbk.Ended ended) {
        List<String> labels = new ArrayList<>();
        Site.parse(done(Pgbk.run(sound, site.server().dataDirectory(), "info", "--output", "json"))
                        .out())
                .at("/repositories/0/incarnations/0/backups")
                .forEach(backup -> labels.add(backup.get("label").asString()));
        if (ended.exit() == 0) {
            String label = FaultSite.label(ended);
            assertThat(labels).containsExactlyInAnyOrder(site.label(), label);
            done(Pgbk.run(sound, site.server().dataDirectory(), "verify", "--backup", label));
        } else {
            assertThat(labels).containsExactly(site.label());
        }
    }

    /** Fails when anything in the repository, read without faults, is not as it was written. */
    void assertSound() {
        Pgbk.Ended verified =
                Pgbk.run(sound, site.server().dataDirectory(), "verify", "--sample", "1", "--output", "json");
        // The WAL between the copy's making and its backup was never archived to it.
        assertThat(Site.parse(verified.out()).get("verdict").asString())
                .as(verified.toString())
                .isIn("sound", "gaps");
    }

    @Override
    public void close() {
        site.dropRepository(prefix);
        AsPostgres.deleteTree(target);
    }
}
