package io.pgbk.postgres.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.postgres.Lsn;
import io.pgbk.task.TaskMonitor;
import io.pgbk.testkit.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same conversation with every supported version. */
class EveryVersionTest {
    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16, 17, 18})
    void aBackupStartsAndStopsAndTheFactsAgreeWithTheServer(int major) {
        try (PostgresServer server = PostgresServer.start(major)) {
            PostgresConfig config = TestServers.config(server);
            Lsn stop;
            try (BackupSession session =
                    BackupSession.start(PostgresConnection.open(config), "a label", true, TaskMonitor.SILENT)) {
                assertThat(session.startTimeline()).isEqualTo(1);
                assertThat(session.startedOnStandby()).isFalse();
                session.checkAlive();
                BackupStop end = session.stop(Duration.ofMinutes(1));
                stop = end.stopLsn();
                assertThat(stop).isGreaterThan(session.startLsn());
                assertThat(end.stopTimeline()).isEqualTo(1);
                assertThat(new String(end.backupLabel(), StandardCharsets.UTF_8))
                        .startsWith("START WAL LOCATION: " + session.startLsn())
                        .contains("LABEL: a label\n")
                        .contains("START TIMELINE: 1\n");
                assertThat(end.tablespaceMap()).isEmpty();
            }
            try (PostgresConnection connection = PostgresConnection.open(config)) {
                ServerFacts facts = connection.facts();
                assertThat(facts.version().major()).isEqualTo(major);
                assertThat(facts.systemIdentifierText())
                        .isEqualTo(server.queryOne("select system_identifier from pg_control_system()"));
                assertThat(facts.dataDirectory()).isEqualTo(server.dataDirectory());
                assertThat(facts.walSegmentSize().bytes()).isEqualTo(1 << 20);
                assertThat(facts.blockBytes()).isEqualTo(8192);
                assertThat(facts.relationSegmentBlocks()).isEqualTo(131072);
                assertThat(facts.dataChecksums()).isTrue();
                assertThat(facts.fullPageWrites()).isTrue();
                assertThat(facts.inRecovery()).isFalse();
                assertThat(facts.timeline()).isEqualTo(1);
                assertThat(facts.walLevel()).isEqualTo("replica");
                assertThat(facts.archiving()).isEqualTo(new ServerFacts.Archiving("off", "", ""));
                assertThat(facts.checkpointTimeout()).isEqualTo(Duration.ofMinutes(5));
                assertThat(facts.settings()).containsEntry("max_connections", "40");
                assertThat(facts.role().superuser()).isTrue();
                assertThat(facts.role().missingGrants()).isEmpty();
                SameServer.prove(connection, facts, server.dataDirectory());

                WalPosition position = connection.walPosition();
                assertThat(position.timeline()).isEqualTo(1);
                assertThat(position.lsn()).isGreaterThanOrEqualTo(stop);
                Lsn point = connection.createRestorePoint("before the change");
                assertThat(point).isGreaterThan(position.lsn());
                assertThat(connection.switchWal()).isGreaterThanOrEqualTo(point);
                assertThat(connection.standbyFacts()).isEmpty();
            }
            List<CatalogueRelation> relations = new ArrayList<>();
            CatalogueSnapshot.Outcome outcome =
                    CatalogueSnapshot.read(config, 1_000_000, relations::add, TaskMonitor.SILENT);
            assertThat(outcome.truncated()).isFalse();
            assertThat(outcome.skippedDatabases()).isEmpty();
            assertThat(relations)
                    .hasSize((int) outcome.relations())
                    .anyMatch(relation -> relation.database().equals("template1")
                            && relation.schema().equals("pg_catalog")
                            && relation.name().equals("pg_class")
                            && relation.oid() == 1259);
        }
    }
}
