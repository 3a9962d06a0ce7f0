package io.pgbk.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteLoadTest {
    @ParameterizedTest
    @ValueSource(ints = {13, 18})
    void aStandbyThatCaughtUpHasEqualDigestsAndEveryCommit(int major) {
        try (PostgresServer server = PostgresServer.start(major);
                WriteLoad load = WriteLoad.start(server, 3, 42)) {
            load.awaitCommits(100);
            try (PostgresServer standby = server.createStandby()) {
                load.awaitCommits(100);
                load.stop();
                standby.start();
                standby.awaitCaughtUp(server);
                String end = server.currentLsn();
                assertThat(load.problemsAtLsn(standby, end)).isEmpty();
                assertThat(ClusterDigest.of(standby).differencesTo(ClusterDigest.of(server)))
                        .isEmpty();
                String early = load.commits().getFirst().lsnBefore();
                assertThat(load.problemsAtLsn(standby, early)).isNotEmpty();
                standby.promote();
                assertThat(ClusterDigest.amcheck(standby)).isEmpty();
                standby.sql("update load_accounts set filler = 'y' where id = 1");
                assertThat(ClusterDigest.of(standby).differencesTo(ClusterDigest.of(server)))
                        .anyMatch(line -> line.startsWith("postgres: public.load_accounts"));
            }
            if (Tools.find("psql").isPresent()) {
                CommandOutcome outcome = Tools.run(server, Tools.find("psql").get(), Map.of(), "-Atc", "select 1");
                assertThat(outcome.orThrow().stdout()).isEqualTo("1\n");
            }
        }
    }
}
