/** The names of everything in a repository: the only place that builds and parses keys. */
@NullMarked
package io.pgbk.catalog.repository.layout;

import org.jspecify.annotations.NullMarked;
