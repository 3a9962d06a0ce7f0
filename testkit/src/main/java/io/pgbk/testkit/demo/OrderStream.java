package io.pgbk.testkit.demo;

import io.pgbk.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Somebody who places orders, a few hundred per second, until closed. */
final class OrderStream implements AutoCloseable {
    private static final long PAUSE_NANOS = 3_000_000;

    private final ReentrantLock working = new ReentrantLock();
    private final Thread thread;
    private volatile boolean stopped;
    private volatile @Nullable SQLException failure;

    OrderStream(PostgresServer server, int accounts) {
        thread = Thread.ofPlatform().name("orders").start(() -> {
            try (Connection connection = server.connect();
                    PreparedStatement order = connection.prepareStatement("insert into orders (account) values (?)")) {
                for (int i = 0; !stopped; i++) {
                    working.lock();
                    try {
                        order.setInt(1, i % accounts);
                        order.executeUpdate();
                    } finally {
                        working.unlock();
                    }
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } catch (SQLException e) {
                failure = e;
            }
        });
    }

    /** Returns when no order is under way; none is placed before {@link #resume()}, by the same thread. */
    void pause() {
        working.lock();
    }

    void resume() {
        working.unlock();
    }

    @Override
    public void close() throws SQLException {
        stopped = true;
        if (working.isHeldByCurrentThread()) {
            working.unlock();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        SQLException broken = failure;
        if (broken != null) {
            throw broken;
        }
    }
}
