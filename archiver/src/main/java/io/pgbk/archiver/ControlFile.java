package io.pgbk.archiver;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.postgres.PgControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code global/pg_control} as it was at one moment: the server overwrites it in place, so a single read can see half of
 * a write.
 *
 * @param content its bytes
 * @param control what they say
 */
@SuppressWarnings("ArrayRecordComponent")
public record ControlFile(byte[] content, PgControl control) {
    /** Where it is below the data directory. */
    public static final String NAME = "global/pg_control";

    private static final int ATTEMPTS = 20;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /**
     * Reads the file until two reads in a row give the same bytes and the CRC is right.
     *
     * @throws PgbkException POSTGRES_UNSUITABLE when the file cannot be read, OBJECT_DAMAGED when it stays wrong
     */
    public static ControlFile read(Path dataDirectory) {
        Path file = dataDirectory.resolve(NAME);
        PgbkException torn = new PgbkException(
                ErrorCode.OBJECT_DAMAGED, "'" + file + "' changed at every one of " + ATTEMPTS + " reads");
        try {
            byte[] before = Files.readAllBytes(file);
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                byte[] now = Files.readAllBytes(file);
                if (Arrays.equals(before, now)) {
                    try {
                        return new ControlFile(now, PgControl.parse(now));
                    } catch (PgbkException e) {
                        if (e.code() != ErrorCode.OBJECT_DAMAGED) {
                            throw e;
                        }
                        torn = e;
                    }
                }
                before = now;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE,
                    "'" + file + "' cannot be read: " + e.getMessage(),
                    "Check postgres.data-directory, and run pgbk as the operating system user that owns it.",
                    e);
        }
        throw torn;
    }
}
