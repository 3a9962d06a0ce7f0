/** The directory a restore writes into: whether it may, and the settings and signal files it gets. */
@NullMarked
package io.pgbk.restore.directory;

import org.jspecify.annotations.NullMarked;
