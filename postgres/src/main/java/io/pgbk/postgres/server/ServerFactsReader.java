package io.pgbk.postgres.server;

import io.pgbk.postgres.WalSegmentSize;
import io.pgbk.postgres.files.FileNames;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Asks a server for {@link ServerFacts}. */
final class ServerFactsReader {
    private static final String CONTROL = """
            select s.system_identifier, s.catalog_version_no, c.timeline_id, c.full_page_writes,
                   i.bytes_per_wal_segment, i.database_block_size, i.blocks_per_segment, i.data_page_checksum_version,
                   pg_is_in_recovery(), extract(epoch from pg_postmaster_start_time())
            from pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i
            """;
    private static final List<String> OWN_NAMES = List.of(
            "archive_mode",
            "archive_command",
            "archive_library",
            "full_page_writes",
            "wal_level",
            "checkpoint_timeout");

    private final Connection connection;
    private final ServerVersion version;

    ServerFactsReader(Connection connection, ServerVersion version) {
        this.connection = connection;
        this.version = version;
    }

    ServerFacts read() throws SQLException {
        List<Path> paths = paths();
        Map<String, String> all = settings();
        Map<String, String> published = new HashMap<>(all);
        published.keySet().retainAll(ServerFacts.SETTING_NAMES);
        List<Tablespace> tablespaces = tablespaces();
        ServerFacts.Role role = role();
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(CONTROL)) {
            result.next();
            boolean inRecovery = result.getBoolean(9);
            boolean setNow = inRecovery || "on".equals(all.get("full_page_writes"));
            return new ServerFacts(
                    version,
                    result.getLong(1),
                    result.getInt(2),
                    paths.get(0),
                    paths.get(1),
                    paths.get(2),
                    paths.get(3),
                    inRecovery,
                    result.getInt(3),
                    new WalSegmentSize(result.getInt(5)),
                    result.getInt(6),
                    result.getInt(7),
                    result.getInt(8) != 0,
                    result.getBoolean(4) && setNow,
                    new ServerFacts.Archiving(
                            all.getOrDefault("archive_mode", "off"),
                            command(all),
                            all.getOrDefault("archive_library", "")),
                    all.getOrDefault("wal_level", ""),
                    Duration.ofSeconds(Long.parseLong(all.getOrDefault("checkpoint_timeout", "300"))),
                    instant(result.getDouble(10)),
                    tablespaces,
                    published,
                    role);
        }
    }

    /** data_directory, config_file, hba_file, ident_file. */
    private List<Path> paths() throws SQLException {
        String sql = "select " + raw("data_directory") + ", " + raw("config_file") + ", " + raw("hba_file") + ", "
                + raw("ident_file");
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            List<Path> paths = new ArrayList<>();
            for (int column = 1; column <= 4; column++) {
                paths.add(FileNames.toPath(RawText.characters(result, column)));
            }
            return paths;
        }
    }

    private static String raw(String setting) {
        return RawText.bytes("current_setting('" + setting + "')");
    }

    private Map<String, String> settings() throws SQLException {
        List<String> names = new ArrayList<>(ServerFacts.SETTING_NAMES);
        names.addAll(OWN_NAMES);
        Map<String, String> values = new HashMap<>();
        Array array = connection.createArrayOf("text", names.toArray());
        try (PreparedStatement statement = connection.prepareStatement(
                "select name, coalesce(setting, '') from pg_settings where name = any(?)")) {
            statement.setArray(1, array);
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    values.put(result.getString(1), result.getString(2));
                }
            }
        }
        return values;
    }

    /** What the server shows as {@code (disabled)} while archive_mode is off is no command. */
    private static String command(Map<String, String> settings) {
        String command = settings.getOrDefault("archive_command", "");
        return command.equals("(disabled)") ? "" : command;
    }

    private List<Tablespace> tablespaces() throws SQLException {
        String sql = "select oid::bigint, spcname, " + RawText.bytes("pg_tablespace_location(oid)")
                + " from pg_tablespace where spcname not in ('pg_default', 'pg_global') order by oid";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<Tablespace> tablespaces = new ArrayList<>();
            while (result.next()) {
                tablespaces.add(
                        new Tablespace((int) result.getLong(1), result.getString(2), RawText.characters(result, 3)));
            }
            return tablespaces;
        }
    }

    private ServerFacts.Role role() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(
                        "select current_user, rolsuper from pg_roles where rolname = current_user")) {
            result.next();
            String name = result.getString(1);
            boolean superuser = result.getBoolean(2);
            List<String> missing = superuser ? List.of() : Privileges.missingGrants(connection, version, name);
            return new ServerFacts.Role(name, superuser, missing);
        }
    }

    static Instant instant(double epochSeconds) {
        long micros = Math.round(epochSeconds * 1_000_000);
        return Instant.EPOCH.plus(micros, java.time.temporal.ChronoUnit.MICROS);
    }
}
