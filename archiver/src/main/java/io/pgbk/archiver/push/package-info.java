/** Putting WAL files into the repositories: what {@code archive-push} does in the foreground. */
@NullMarked
package io.pgbk.archiver.push;

import org.jspecify.annotations.NullMarked;
