/** What pgbk check tells. */
@NullMarked
package io.pgbk.cli.check;

import org.jspecify.annotations.NullMarked;
