package io.pgbk.archiver.push;

import io.pgbk.postgres.WalFileName;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether PostgreSQL has more files to archive than the one that it asked for. */
final class WaitingFiles {
    private final Path archiveStatus;
    private final String own;

    /**
     * @param walDirectory the server's pg_wal
     * @param name the file that is being pushed
     */
    WaitingFiles(Path walDirectory, WalFileName name) {
        this.archiveStatus = walDirectory.resolve("archive_status");
        this.own = name + ".ready";
    }

    /** Whether there are others; false where nobody can say. */
    boolean any() {
        try (DirectoryStream<Path> ready = Files.newDirectoryStream(archiveStatus, "*.ready")) {
            for (Path file : ready) {
                if (!file.endsWith(own)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | DirectoryIteratorException e) {
            return false;
        }
    }
}
