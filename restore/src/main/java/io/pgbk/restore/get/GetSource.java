package io.pgbk.restore.get;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import java.util.function.Supplier;

/**
 * A repository to fetch from.
 *
 * @param name as the configuration names it
 * @param cluster opens it; called at most once per fetch, throws what opening throws
 */
public record GetSource(String name, Supplier<ClusterCatalog> cluster) {}
