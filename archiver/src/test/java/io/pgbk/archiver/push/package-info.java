/** Tests of archive-push in direct mode. */
@NullMarked
package io.pgbk.archiver.push;

import org.jspecify.annotations.NullMarked;
