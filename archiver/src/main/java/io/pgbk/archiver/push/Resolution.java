package io.pgbk.archiver.push;

/**
 * A person's decision about a segment that an archive refuses because it has another one of the name: both are kept.
 *
 * @param deliverNew whether archive-get delivers the refused one from now on, else what it delivered so far
 * @param reason why, for those who find it later
 */
public record Resolution(boolean deliverNew, String reason) {}
