/** Expiry: what the retention policy says is looked up, and carried out in two phases. */
@NullMarked
package io.pgbk.catalog.repository.expire;

import org.jspecify.annotations.NullMarked;
