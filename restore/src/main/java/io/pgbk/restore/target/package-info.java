/** What a restore aims at: recovery targets, the timeline to follow, what to do on arrival. */
@NullMarked
package io.pgbk.restore.target;

import org.jspecify.annotations.NullMarked;
