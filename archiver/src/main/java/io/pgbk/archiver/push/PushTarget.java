package io.pgbk.archiver.push;

import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import java.util.function.Supplier;

/**
 * One repository that WAL goes to.
 *
 * @param name the repository's name in the configuration
 * @param required whether a push fails when this repository does not get the file; one that is not required is filled
 *     later
 * @param cluster opens the repository; called at most once per push, on a thread of its own, so that opening overlaps
 *     with reading the file. The caller closes what it opened.
 */
public record PushTarget(String name, boolean required, Supplier<ClusterCatalog> cluster) {}
