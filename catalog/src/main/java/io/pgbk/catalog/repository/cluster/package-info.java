/** The catalogue of one cluster: its incarnations, backups, WAL archives, holds and leases. */
@NullMarked
package io.pgbk.catalog.repository.cluster;

import org.jspecify.annotations.NullMarked;
