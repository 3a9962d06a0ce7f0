package io.pgbk.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.store.Versioning;
import org.junit.jupiter.api.Test;

class VersionsCheckTest {
    @Test
    void whatIsKnownIsNotMentioned() {
        assertThat(VersionsCheck.of("versions", Versioning.NONE)).isEmpty();
        assertThat(VersionsCheck.of("versions", Versioning.KEPT)).isEmpty();
    }

    @Test
    void hazardMissingRightsToKnowAboutVersionsAreNamed() {
        CheckReport.Check listed =
                VersionsCheck.of("versions", Versioning.LISTED).orElseThrow();
        assertThat(listed.ok()).isTrue();
        assertThat(listed.hint()).contains("s3:GetBucketVersioning");

        CheckReport.Check unknown =
                VersionsCheck.of("versions", Versioning.UNKNOWN).orElseThrow();
        assertThat(unknown.ok()).isTrue();
        assertThat(unknown.message()).contains("delete markers");
        assertThat(unknown.hint()).contains("s3:GetBucketVersioning").contains("s3:ListBucketVersions");
    }
}
