package io.pgbk.catalog.repository.backup;

/**
 * The name of a pack that is about to be written.
 *
 * @param key below the prefix: what {@code ObjectStore.upload} takes and what the object's identity is
 */
public record PackSlot(int number, String key) {}
