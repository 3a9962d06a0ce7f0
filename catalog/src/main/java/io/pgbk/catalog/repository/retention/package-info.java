/** What may go: the retention policy, and the plan that follows from it. Decides, and removes nothing. */
@NullMarked
package io.pgbk.catalog.repository.retention;

import org.jspecify.annotations.NullMarked;
