package io.pgbk.catalog.repository.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.repository.ManualTime;
import io.pgbk.catalog.repository.Repository;
import io.pgbk.catalog.repository.TestPlace;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredPoliciesTest {
    private static final RetentionPolicy FULL_3 = full(3);

    @TempDir
    Path directory;

    private TestPlace place;
    private Repository repository;
    private StoredPolicies policies;

    @BeforeEach
    void prepare() {
        place = new TestPlace(directory, new ManualTime());
        repository = place.initialise(TestPlace.encrypted(1));
        policies = new StoredPolicies(repository);
    }

    private static RetentionPolicy full(int count) {
        return new RetentionPolicy(
                OptionalInt.of(count), Optional.empty(), 0, 0, 0, ZoneId.of("UTC"), RetentionPolicy.DEFAULT_GRACE);
    }

    private void damage(int number) throws IOException {
        Path file = place.directory().resolve(RepositoryLayout.policy(number));
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 4;
        Files.write(file, content);
    }

    @Test
    void theNewestOneHoldsWithEveryRule() {
        assertThat(policies.newest()).isEmpty();
        RetentionPolicy all = new RetentionPolicy(
                OptionalInt.of(3),
                Optional.of(Duration.ofDays(14)),
                4,
                12,
                5,
                ZoneId.of("Europe/Berlin"),
                Duration.ofHours(36));
        assertThat(policies.write(FULL_3)).isEqualTo(1);
        assertThat(policies.write(all)).isEqualTo(2);

        StoredPolicies.Stored newest = policies.newest().orElseThrow();
        assertThat(newest.policy()).isEqualTo(all);
        assertThat(newest.number()).isEqualTo(2);
        assertThat(newest.by()).isEqualTo("init");
    }

    @Test
    void withoutACalendarTheZoneMakesNoDifference() {
        RetentionPolicy berlin = new RetentionPolicy(
                OptionalInt.of(3),
                Optional.empty(),
                0,
                0,
                0,
                ZoneId.of("Europe/Berlin"),
                RetentionPolicy.DEFAULT_GRACE);
        assertThat(berlin).isEqualTo(FULL_3);
    }

    @Test
    void hazardTheNewestIsDamagedAndTheOneBeforeHolds() throws IOException {
        policies.write(full(7));
        policies.write(FULL_3);
        damage(2);

        assertThat(policies.newest().orElseThrow().policy()).isEqualTo(full(7));
        assertThat(policies.write(full(5))).isEqualTo(3);
        assertThat(policies.newest().orElseThrow().policy()).isEqualTo(full(5));
    }

    @Test
    void hazardAllAreDamagedAndThatIsNoAbsence() throws IOException {
        policies.write(FULL_3);
        damage(1);

        assertThatThrownBy(policies::newest)
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_DAMAGED));
    }

    @Test
    void hazardAnOlderPolicyUnderTheNewestNameIsNoPolicy() throws IOException {
        policies.write(FULL_3);
        policies.write(full(7));
        policies.write(full(8));
        Files.copy(
                place.directory().resolve(RepositoryLayout.policy(1)),
                place.directory().resolve(RepositoryLayout.policy(4)));

        assertThat(policies.newest().orElseThrow().policy()).isEqualTo(full(8));
    }

    @Test
    void aPolicyOfALaterFormatMayKeepMoreAndIsRefused() {
        policies.write(FULL_3);
        repository
                .documents()
                .create(
                        ObjectKind.POLICY,
                        RepositoryLayout.policy(2),
                        JsonDocument.newObject().put("format", 2));

        assertThatThrownBy(policies::newest)
                .isInstanceOfSatisfying(
                        PgbkException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW));
    }
}
