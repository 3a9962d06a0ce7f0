/** Leases (one at a time) and holds (do not remove what I need): coordination by exclusively created objects. */
@NullMarked
package io.pgbk.catalog.repository.lease;

import org.jspecify.annotations.NullMarked;
