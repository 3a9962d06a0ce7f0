/** Object lock: which objects get one, and how locks of what is needed are made longer. */
@NullMarked
package io.pgbk.catalog.repository.lock;

import org.jspecify.annotations.NullMarked;
