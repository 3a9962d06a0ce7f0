/** Re-reads what a repository holds and says whether it is sound. */
@NullMarked
package io.pgbk.restore.verify;

import org.jspecify.annotations.NullMarked;
