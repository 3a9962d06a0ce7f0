package io.pgbk.catalog.repository.backup;

import java.util.Optional;

/**
 * What PostgreSQL's WAL summaries did for a differential or incremental backup.
 *
 * @param reason why all files were read instead; empty when the summaries told what to read
 * @param skippedBytes what was taken over from the parent without being read
 * @param sampledWindows windows of 256 KiB that no summary lists and that were read all the same
 * @param hintOnlyPages pages in those windows that differ from the parent's without a newer LSN
 * @param disagreement how the summaries turned out to be wrong; then nothing was taken over unread
 */
public record WalSummaryUse(
        Optional<String> reason,
        long skippedBytes,
        long sampledWindows,
        long hintOnlyPages,
        Optional<String> disagreement) {}
