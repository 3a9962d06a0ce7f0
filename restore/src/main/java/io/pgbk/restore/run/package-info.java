/** Executes a restore plan: data, settings, sync, and pg_control as the very last step. */
@NullMarked
package io.pgbk.restore.run;

import org.jspecify.annotations.NullMarked;
