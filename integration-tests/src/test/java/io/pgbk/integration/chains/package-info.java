/** Chains of backups of a server that lives through everything that changes its files. */
@NullMarked
package io.pgbk.integration.chains;

import org.jspecify.annotations.NullMarked;
