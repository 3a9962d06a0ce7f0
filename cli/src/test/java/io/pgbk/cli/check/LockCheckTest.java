package io.pgbk.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LockCheckTest {
    @Test
    void hazardADefaultRetentionOfTheBucketThatLocksLeasesTooIsAFailureWithAHint() {
        CheckReport.Check check =
                LockCheck.defaultRetention("repository primary, default retention", "mode governance, 2 days");
        assertThat(check.ok()).isFalse();
        assertThat(check.message()).contains("(mode governance, 2 days)").contains("leases");
        assertThat(check.hint()).contains("Take the default retention off");
    }
}
