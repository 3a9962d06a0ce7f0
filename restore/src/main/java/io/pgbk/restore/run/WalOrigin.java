package io.pgbk.restore.run;

import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.catalog.repository.wal.WalTimeline;
import io.pgbk.postgres.PgControl;
import io.pgbk.postgres.WalSegmentName;
import io.pgbk.restore.directory.TargetDirectory;
import java.util.Comparator;
import java.util.Optional;

/** Who wrote the newest WAL in the archive. */
final class WalOrigin {
    private WalOrigin() {}

    /**
     * Whether it can only be the server in the target directory, which was stopped properly: its shutdown checkpoint lies
     * behind everything that is archived, on the archive's newest timeline. A server shuts down by switching to a new
     * segment and writing the checkpoint there, so WAL of another one that lives would be in the archive beyond it, or on
     * a newer timeline.
     */
    static boolean isStoppedServer(WalArchive wal, TargetDirectory.State state) {
        if (!(state instanceof TargetDirectory.State.Cluster(Optional<PgControl> control, boolean _))
                || control.isEmpty()
                || control.get().state() != PgControl.State.SHUT_DOWN) {
            return false;
        }
        Optional<WalTimeline> newest =
                wal.timelines().stream().max(Comparator.comparing(WalTimeline::timeline, Integer::compareUnsigned));
        if (newest.isEmpty()
                || newest.get().timeline() != control.get().checkpoint().timeline()) {
            return false;
        }
        Optional<WalSegmentName> last = newest.get().last();
        return last.isPresent()
                && last.get()
                                .startLsn(wal.incarnation().segmentSize())
                                .compareTo(control.get().checkpointLsn())
                        <= 0;
    }
}
