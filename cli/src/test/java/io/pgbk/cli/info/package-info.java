/** What pgbk info tells. */
@NullMarked
package io.pgbk.cli.info;

import org.jspecify.annotations.NullMarked;
