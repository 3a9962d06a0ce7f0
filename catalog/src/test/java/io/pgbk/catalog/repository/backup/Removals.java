package io.pgbk.catalog.repository.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.postgres.Lsn;
import java.util.List;

/** What the tests of removals have in common. */
final class Removals {
    static final Lsn SECOND = Lsn.parse("0/100400");
    static final Lsn THIRD = Lsn.parse("0/100800");

    private Removals() {}

    /** What was there before: a full, and a newer one. */
    static List<Label> twoFulls(ClusterCatalog cluster) {
        return List.of(SmallBackup.take(cluster), SmallBackup.take(cluster, SECOND));
    }

    /** A removal of it was called off and announced anew, for later. */
    static void assertStillThere(ClusterCatalog cluster, Label label) {
        BackupRecord backup = cluster.backups().require(label);
        assertThat(backup.removing()).isFalse();
        assertThat(backup.expiry())
                .hasValueSatisfying(expiry -> assertThat(expiry.removeAfter())
                        .isAfter(cluster.repository().trustedNow()));
    }
}
