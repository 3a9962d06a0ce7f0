package io.pgbk.postgres.server;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a role that is no superuser must be granted. */
final class Privileges {
    private static final List<String> COMMON =
            List.of("pg_catalog.pg_switch_wal()", "pg_catalog.pg_create_restore_point(text)");
    private static final List<String> UP_TO_14 = List.of(
            "pg_catalog.pg_start_backup(text, boolean, boolean)", "pg_catalog.pg_stop_backup(boolean, boolean)");
    private static final List<String> FROM_15 =
            List.of("pg_catalog.pg_backup_start(text, boolean)", "pg_catalog.pg_backup_stop(boolean)");

    private Privileges() {}

    /** The statements that give the current role what it lacks. */
    static List<String> missingGrants(Connection connection, ServerVersion version, String role) throws SQLException {
        List<String> functions = new ArrayList<>(version.atLeast(15) ? FROM_15 : UP_TO_14);
        functions.addAll(COMMON);
        List<String> missing = new ArrayList<>();
        try (PreparedStatement statement =
                connection.prepareStatement("select has_function_privilege(current_user, ?, 'EXECUTE')")) {
            for (String function : functions) {
                statement.setString(1, function);
                try (ResultSet result = statement.executeQuery()) {
                    if (result.next() && !result.getBoolean(1)) {
                        missing.add("GRANT EXECUTE ON FUNCTION " + function + " TO " + quoted(role) + ";");
                    }
                }
            }
        }
        try (PreparedStatement statement =
                        connection.prepareStatement("select pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')");
                ResultSet result = statement.executeQuery()) {
            if (result.next() && !result.getBoolean(1)) {
                missing.add("GRANT pg_monitor TO " + quoted(role) + ";");
            }
        }
        return missing;
    }

    /** The whole name of a function that pgbk calls. */
    static Optional<String> signature(String name) {
        List<String> all = new ArrayList<>(COMMON);
        all.addAll(UP_TO_14);
        all.addAll(FROM_15);
        return all.stream()
                .filter(signature -> signature.startsWith("pg_catalog." + name + "("))
                .findFirst();
    }

    /** A role's name as SQL wants it. */
    static String quoted(String role) {
        return role.matches("[a-z_][a-z0-9_]*") ? role : '"' + role.replace("\"", "\"\"") + '"';
    }
}
