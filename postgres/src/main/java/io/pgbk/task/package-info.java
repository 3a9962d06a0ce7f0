/** How long work reports what it does and learns that it should stop. */
@NullMarked
package io.pgbk.task;

import org.jspecify.annotations.NullMarked;
