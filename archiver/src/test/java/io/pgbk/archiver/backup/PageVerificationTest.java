package io.pgbk.archiver.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.format.manifest.PageChecksums;
import io.pgbk.postgres.Lsn;
import io.pgbk.postgres.files.RelativePath;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a backup says of its pages, and when it has nothing to say. */
final class PageVerificationTest {
    private static final Lsn PARENT = new Lsn(0x1000000);
    private static final Lsn START = new Lsn(0x2000000);

    private final PageFailures failures = new PageFailures();

    private PageChecksums of(boolean present, boolean verified, Optional<PageChecksums> unread) {
        return PageVerification.of(present, verified, failures, START, unread);
    }

    @Test
    void whatWasReadAndVerifiedIsKnownUpToTheStart() {
        failures.add(new RelativePath("base/5/16384"), 3);

        assertThat(of(true, true, Optional.empty())).isEqualTo(PageChecksums.verifiedBefore(START));
    }

    @Test
    void whatWasNotReadIsKnownAsFarAsInTheParent() {
        PageChecksums parent = PageChecksums.verifiedBefore(PARENT);

        assertThat(of(true, true, Optional.of(parent))).isEqualTo(parent);
        assertThat(of(true, true, Optional.of(PageChecksums.ON))).isEqualTo(PageChecksums.ON);
    }

    @Test
    void nothingIsKnownWhenNothingWasVerifiedOrNotAllFailuresCanBeNamed() {
        assertThat(of(true, false, Optional.of(PageChecksums.verifiedBefore(PARENT))))
                .isEqualTo(PageChecksums.ON);
        for (int block = 0; block <= PageFailures.LIMIT; block++) {
            failures.add(new RelativePath("base/5/16384"), block);
        }
        assertThat(of(true, true, Optional.empty())).isEqualTo(PageChecksums.ON);
    }

    @Test
    void aClusterWithoutChecksumsHasNone() {
        assertThat(of(false, true, Optional.empty())).isEqualTo(PageChecksums.OFF);
    }
}
