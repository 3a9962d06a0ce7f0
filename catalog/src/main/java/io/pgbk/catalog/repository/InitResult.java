package io.pgbk.catalog.repository;

/**
 * The repository that init made or found.
 *
 * @param created false when a valid repository was already there
 */
public record InitResult(Repository repository, boolean created) {}
