/** What the archiver's tests share. */
@NullMarked
package io.pgbk.archiver;

import org.jspecify.annotations.NullMarked;
