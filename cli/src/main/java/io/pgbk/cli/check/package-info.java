/** What {@code pgbk check} proves. */
@NullMarked
package io.pgbk.cli.check;

import org.jspecify.annotations.NullMarked;
