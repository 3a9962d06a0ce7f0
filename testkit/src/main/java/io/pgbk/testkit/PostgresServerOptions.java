package io.pgbk.testkit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link PostgresServer} shall be. Every {@code with} method returns a changed copy.
 *
 * @param major 13 to 18
 * @param user the superuser's name
 * @param walSegmentMiB WAL segment size in MiB, a power of two between 1 and 1024
 * @param checksums whether pages have checksums
 * @param initdbArguments further arguments of initdb
 * @param settings for postgresql.conf of a new cluster
 * @param commandLineSettings for the server's command line; they outrank every file, also in a restored directory
 * @param environment added to the server's environment and so to archive_command's
 * @param dataDirectory null for one in the server's own temporary directory
 * @param deleteDataDirectory whether close() deletes a directory that was given
 * @param tcp whether the server also listens on 127.0.0.1
 */
public record PostgresServerOptions(
        int major,
        String user,
        int walSegmentMiB,
        boolean checksums,
        List<String> initdbArguments,
        Map<String, String> settings,
        Map<String, String> commandLineSettings,
        Map<String, String> environment,
        @Nullable Path dataDirectory,
        boolean deleteDataDirectory,
        boolean tcp) {

    public PostgresServerOptions {
        if (!PostgresServer.majors().contains(major)) {
            throw new IllegalArgumentException("no PostgreSQL " + major + " here");
        }
        initdbArguments = List.copyOf(initdbArguments);
        settings = copy(settings);
        commandLineSettings = copy(commandLineSettings);
        environment = copy(environment);
    }

    static PostgresServerOptions of(int major) {
        return new PostgresServerOptions(
                major, "postgres", 1, true, List.of(), Map.of(), Map.of(), Map.of(), null, false, false);
    }

    public PostgresServerOptions withMajor(int value) {
        return new PostgresServerOptions(
                value,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    public PostgresServerOptions withUser(String value) {
        return new PostgresServerOptions(
                major,
                value,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    public PostgresServerOptions withWalSegmentMiB(int value) {
        return new PostgresServerOptions(
                major,
                user,
                value,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    public PostgresServerOptions withChecksums(boolean value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                value,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    public PostgresServerOptions withInitdbArguments(String... values) {
        List<String> all = new ArrayList<>(initdbArguments);
        all.addAll(List.of(values));
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                all,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    /** Adds a line to postgresql.conf of a new cluster. */
    public PostgresServerOptions withSetting(String name, String value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                with(settings, name, value),
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    /** Adds a setting to the command line, which outranks every configuration file. */
    public PostgresServerOptions withCommandLineSetting(String name, String value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                with(commandLineSettings, name, value),
                environment,
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    public PostgresServerOptions withEnvironment(String name, String value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                with(environment, name, value),
                dataDirectory,
                deleteDataDirectory,
                tcp);
    }

    /** Turns archiving on with this command ({@code %p} and {@code %f} as PostgreSQL knows them). */
    public PostgresServerOptions withArchiveCommand(String command) {
        return withSetting("archive_mode", "on").withSetting("archive_command", command);
    }

    /** Where the data directory is or shall be; close() leaves it there. */
    public PostgresServerOptions withDataDirectory(Path value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                value,
                false,
                tcp);
    }

    /** The same, but close() deletes it. */
    public PostgresServerOptions withOwnedDataDirectory(Path value) {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                value,
                true,
                tcp);
    }

    public PostgresServerOptions withTcp() {
        return new PostgresServerOptions(
                major,
                user,
                walSegmentMiB,
                checksums,
                initdbArguments,
                settings,
                commandLineSettings,
                environment,
                dataDirectory,
                deleteDataDirectory,
                true);
    }

    /** Creates a new cluster and starts it. */
    public PostgresServer start() {
        PostgresServer server = create();
        try {
            return server.start();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Creates a new cluster, not started. */
    public PostgresServer create() {
        PostgresServer server = new PostgresServer(this);
        try {
            server.initialise();
            return server;
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /**
     * A server, not started, for a data directory that is there already, for example a restored one. Its files are
     * used as they are; only their owner is set to the database's user.
     */
    public PostgresServer on(Path existing) {
        AsPostgres.own(existing);
        return new PostgresServer(withDataDirectory(existing));
    }

    private static Map<String, String> copy(Map<String, String> map) {
        return java.util.Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    private static Map<String, String> with(Map<String, String> map, String name, String value) {
        Map<String, String> changed = new LinkedHashMap<>(map);
        changed.put(name, value);
        return changed;
    }
}
