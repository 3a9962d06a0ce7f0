/** Makes the distribution out of the compiled program. Part of the build, not of the distribution. */
@NullMarked
package io.pgbk.cli.packaging;

import org.jspecify.annotations.NullMarked;
