package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.repository.layout.Label;

/**
 * Names a pack of a cluster.
 *
 * @param label the backup that stored it
 * @param number of the pack, from 1
 */
public record PackId(Label label, int number) {}
