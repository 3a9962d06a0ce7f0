package io.pgbk.archiver.backup;

/** A page was changed by WAL that the summaries cover, and they do not list it: they cannot be believed. */
final class SummaryDisagreement extends RuntimeException {
    private static final long serialVersionUID = 1;

    SummaryDisagreement(String message) {
        super(message);
    }
}
