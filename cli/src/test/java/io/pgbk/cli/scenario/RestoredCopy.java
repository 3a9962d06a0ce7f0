package io.pgbk.cli.scenario;

import io.pgbk.testkit.AsPostgres;
import io.pgbk.testkit.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A server started from what {@code restore} wrote. Its restore_command copies files that archive-get delivered before,
 * because the program in this JVM is none that a server could start.
 */
final class RestoredCopy {
    private RestoredCopy() {}

    /**
     * Restores into a new directory and starts it; promoted when this returns.
     *
     * @param more options of restore
     */
    static PostgresServer start(CommandSite site, Path configuration, int major, String name, String... more) {
        Path target = site.directory().resolve(name);
        List<String> command = new ArrayList<>(List.of(
                "restore", "--target-action", "promote", "--archiving", "off", "--data-directory", target.toString()));
        command.addAll(Arrays.asList(more));
        site.runWith(configuration, command.toArray(String[]::new)).orFail();
        Path wal = AsPostgres.createDirectory(site.directory().resolve(name + "-wal"));
        fetchEverything(site, configuration, wal);
        try {
            Files.setPosixFilePermissions(wal, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        AsPostgres.own(wal);
        AsPostgres.own(target);
        PostgresServer copy = PostgresServer.builder(major)
                .withCommandLineSetting("restore_command", "cp " + wal + "/%f %p")
                .on(target);
        copy.start();
        copy.awaitPromoted();
        return copy;
    }

    private static void fetchEverything(CommandSite site, Path configuration, Path to) {
        Set<String> names = new LinkedHashSet<>();
        JsonNode timelines = site.runWith(configuration, "wal", "list", "--output", "json")
                .orFail()
                .json()
                .get("timelines");
        for (JsonNode one : timelines) {
            int timeline = one.get("timeline").asInt();
            if (timeline > 1) {
                names.add("%08X.history".formatted(timeline));
            }
            for (JsonNode file : site.runWith(
                            configuration, "wal", "list", "--timeline", Integer.toString(timeline), "--output", "json")
                    .orFail()
                    .json()
                    .get("files")) {
                if (file.get("name").asString().length() == 24) {
                    names.add(file.get("name").asString());
                }
            }
        }
        for (String name : names) {
            site.runWith(configuration, "archive-get", name, to.resolve(name).toString())
                    .orFail();
        }
    }
}
