package io.pgbk.archiver.backup;

import io.pgbk.archiver.push.LocalHistory;
import io.pgbk.catalog.repository.wal.WalArchive;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import java.nio.file.Path;
import java.util.Optional;

/** Where a server's timelines come from: what its own pg_wal says, else what the archive has. */
final class ServerLine {
    private static final int FIRST_TIMELINE = 1;

    private final Path walDirectory;
    private final WalArchive archive;

    ServerLine(Path dataDirectory, WalArchive archive) {
        this.walDirectory = dataDirectory.resolve("pg_wal");
        this.archive = archive;
    }

    /**
     * The history of a timeline; empty when nobody has it.
     *
     * @throws PgbkException WAL_INVALID when a file is there that is no history
     */
    Optional<TimelineHistory> history(int timeline) {
        if (timeline == FIRST_TIMELINE) {
            return Optional.of(TimelineHistory.root(timeline));
        }
        return LocalHistory.read(walDirectory, timeline)
                .map(content -> TimelineHistory.parse(timeline, content))
                .or(() -> archive.history(timeline));
    }
}
