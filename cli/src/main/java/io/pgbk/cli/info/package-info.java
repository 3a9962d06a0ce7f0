/** What {@code pgbk info} tells: assembled from the catalogue, written as text or JSON. */
@NullMarked
package io.pgbk.cli.info;

import org.jspecify.annotations.NullMarked;
