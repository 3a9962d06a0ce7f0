package io.pgbk.restore.run;

import java.time.Duration;

/**
 * What a restore did.
 *
 * @param files files of the backup
 * @param bytesWritten bytes of content written, without what was right already
 * @param bytesFetched stored bytes of the frames that were fetched
 */
public record RestoreReport(RestorePlan plan, long files, long bytesWritten, long bytesFetched, Duration duration) {}
