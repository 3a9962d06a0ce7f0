/** One repository: creating and opening it, its keys, its metadata documents and the incarnations of its clusters. */
@NullMarked
package io.pgbk.catalog.repository;

import org.jspecify.annotations.NullMarked;
