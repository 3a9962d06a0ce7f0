package io.pgbk.postgres.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.TaskMonitor;
import java.lang.reflect.Proxy;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellableSqlTest {
    /** The server forgets a request that arrives while it reads the next message of the protocol. */
    @Test
    void aCancelRequestThatIsLostIsRepeated() {
        AtomicInteger requests = new AtomicInteger();
        CountDownLatch cancelled = new CountDownLatch(1);
        Statement statement = (Statement) Proxy.newProxyInstance(
                Statement.class.getClassLoader(), new Class<?>[] {Statement.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).as("the connection is not cut").isEqualTo("cancel");
                    if (requests.incrementAndGet() == 2) {
                        cancelled.countDown();
                    }
                    return null;
                });
        TaskMonitor enough = new TaskMonitor() {
            @Override
            public void checkCancelled() {
                throw new PgbkException(ErrorCode.INTERRUPTED, "enough");
            }
        };
        assertThatThrownBy(() -> CancellableSql.run(
                        statement,
                        () -> {
                            cancelled.await();
                            return "ended";
                        },
                        "end",
                        enough,
                        Duration.ofHours(1)))
                .isInstanceOfSatisfying(
                        PgbkException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERRUPTED));
        assertThat(requests).hasValue(2);
    }
}
