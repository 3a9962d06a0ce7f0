package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;

/**
 * A pack that a backup needs.
 *
 * @param label the backup that stored it
 * @param storedBytes length of the object
 * @param usedBytes stored bytes of the frames that the backup refers to
 */
public record PackUse(Label label, int number, long storedBytes, long usedBytes) {}
