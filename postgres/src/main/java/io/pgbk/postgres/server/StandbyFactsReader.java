package io.pgbk.postgres.server;

import io.pgbk.postgres.Lsn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Optional;

/** Asks where a server's WAL ends and what a standby follows. */
final class StandbyFactsReader {
    // A standby cannot name the timeline of an address; the control file knows the one that is being replayed.
    private static final String REPLAYED_TIMELINE =
            "(select case when r.min_recovery_end_timeline > 0 then r.min_recovery_end_timeline else c.timeline_id end"
                    + " from pg_control_recovery() r, pg_control_checkpoint() c)";

    private StandbyFactsReader() {}

    static WalPosition position(Connection connection) throws SQLException {
        if (!PostgresConnection.inRecovery(connection)) {
            String sql = "select substr(pg_walfile_name(l), 1, 8), l::text from pg_current_wal_insert_lsn() l";
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery(sql)) {
                result.next();
                return new WalPosition(
                        Integer.parseUnsignedInt(result.getString(1), 16), Lsn.parse(result.getString(2)));
            }
        }
        String sql = "select " + REPLAYED_TIMELINE + ", coalesce(pg_last_wal_replay_lsn(), '0/0')::text";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return new WalPosition(result.getInt(1), Lsn.parse(result.getString(2)));
        }
    }

    static Optional<StandbyFacts> read(Connection connection, ServerVersion version) throws SQLException {
        if (!PostgresConnection.inRecovery(connection)) {
            return Optional.empty();
        }
        Optional<StandbyFacts.Upstream> upstream = upstream(connection);
        String paused =
                version.atLeast(14) ? "pg_get_wal_replay_pause_state() <> 'not paused'" : "pg_is_wal_replay_paused()";
        String sql = "select coalesce(pg_last_wal_replay_lsn(), '0/0')::text, pg_last_wal_receive_lsn()::text,"
                + " min_recovery_end_lsn::text, min_recovery_end_timeline,"
                + " extract(epoch from pg_last_xact_replay_timestamp()), " + paused + " from pg_control_recovery()";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return Optional.of(new StandbyFacts(
                    Lsn.parse(result.getString(1)),
                    Optional.ofNullable(result.getString(2)).map(Lsn::parse),
                    new WalPosition(result.getInt(4), Lsn.parse(result.getString(3))),
                    upstream,
                    replayedCommit(result),
                    result.getBoolean(6)));
        }
    }

    private static Optional<Instant> replayedCommit(ResultSet result) throws SQLException {
        double seconds = result.getDouble(5);
        return result.wasNull() ? Optional.empty() : Optional.of(ServerFactsReader.instant(seconds));
    }

    private static Optional<StandbyFacts.Upstream> upstream(Connection connection) throws SQLException {
        String sql = "select coalesce(sender_host, ''), coalesce(sender_port, 0), coalesce(received_tli, 0)"
                + " from pg_stat_wal_receiver where status = 'streaming'";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            return result.next()
                    ? Optional.of(new StandbyFacts.Upstream(result.getString(1), result.getInt(2), result.getInt(3)))
                    : Optional.empty();
        }
    }
}
