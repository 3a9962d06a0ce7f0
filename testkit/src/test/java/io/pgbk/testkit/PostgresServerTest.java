package io.pgbk.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresServerTest {
    @ParameterizedTest
    @ValueSource(ints = {13, 18})
    void survivesAKillAndFeedsAStandbyThatCanBePromoted(int major) {
        Path directory;
        try (PostgresServer server = PostgresServer.start(major)) {
            server.sql("create table t(i int)", "insert into t select generate_series(1, 1000)");
            server.kill();
            server.start();
            assertThat(server.queryOne("select count(*) from t")).isEqualTo("1000");
            try (PostgresServer standby = server.createStandby()) {
                standby.start();
                server.sql("insert into t values (0)");
                standby.awaitCaughtUp(server);
                assertThat(standby.queryOne("select count(*) from t where i = ?", 0))
                        .isEqualTo("1");
                standby.promote();
                standby.sql("insert into t values (0)");
                standby.restart();
                assertThat(standby.queryOne("select count(*) from t")).isEqualTo("1002");
            }
            assertThat(server.switchWal()).startsWith("00000001");
            server.stop();
            directory = server.dataDirectory();
        }
        assertThat(Files.exists(directory)).isFalse();
    }
}
