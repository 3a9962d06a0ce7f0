package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RateLimiterTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(42);

    @Test
    void everybodyWaitsForTheDebtOfThoseBefore() {
        RateLimiter limiter = new RateLimiter(1000, clock::get);

        assertThat(limiter.reserve(500)).isEqualTo(SECOND / 2);
        assertThat(limiter.reserve(500)).isEqualTo(SECOND);
        clock.addAndGet(SECOND);
        assertThat(limiter.reserve(100)).isEqualTo(SECOND / 10);
    }

    @Test
    void aPauseIsNotFollowedByABurst() {
        RateLimiter limiter = new RateLimiter(1000, clock::get);

        clock.addAndGet(60 * SECOND);

        assertThat(limiter.reserve(100)).isZero();
        assertThat(limiter.reserve(1000)).isEqualTo(SECOND);
    }

    @Test
    void zeroIsNoLimit() {
        RateLimiter limiter = new RateLimiter(0, clock::get);

        assertThat(limiter.reserve(Long.MAX_VALUE / 2)).isZero();
        limiter.acquire(Long.MAX_VALUE / 2);
    }

    @Test
    void aNegativeLimitIsRefused() {
        assertThatThrownBy(() -> new RateLimiter(-1, clock::get)).isInstanceOf(IllegalArgumentException.class);
    }
}
