/** Tests of looking at everything in a repository. */
@NullMarked
package io.pgbk.catalog.repository.check;

import org.jspecify.annotations.NullMarked;
