/** The program run in the tests' own JVM. */
@NullMarked
package io.pgbk.cli;

import org.jspecify.annotations.NullMarked;
