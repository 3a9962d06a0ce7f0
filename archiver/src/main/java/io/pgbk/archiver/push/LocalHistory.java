package io.pgbk.archiver.push;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.TimelineHistory;
import io.pgbk.postgres.WalFileName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** The history files in a server's own pg_wal. */
public final class LocalHistory {
    private LocalHistory() {}

    /**
     * A timeline's history file.
     *
     * @throws PgbkException WAL_INVALID when it is there and cannot be read or is too big
     */
    public static Optional<byte[]> read(Path directory, int timeline) {
        Path file = directory.resolve(new WalFileName.History(timeline).toString());
        try {
            if (Files.size(file) > TimelineHistory.MAX_BYTES) {
                throw new PgbkException(ErrorCode.WAL_INVALID, "'" + file + "' is no timeline history: it is too big");
            }
            return Optional.of(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new PgbkException(ErrorCode.WAL_INVALID, "'" + file + "' cannot be read: " + e.getMessage(), null, e);
        }
    }
}
