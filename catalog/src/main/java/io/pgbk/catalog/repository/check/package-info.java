/** Looking at everything in a repository at once: what verify and tests are built on. */
@NullMarked
package io.pgbk.catalog.repository.check;

import org.jspecify.annotations.NullMarked;
