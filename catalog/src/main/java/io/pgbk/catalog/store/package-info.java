/** Object stores: the contract ({@link io.pgbk.catalog.store.ObjectStore}) and its implementations. */
@NullMarked
package io.pgbk.catalog.store;

import org.jspecify.annotations.NullMarked;
