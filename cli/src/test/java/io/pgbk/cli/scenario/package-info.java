/** Commands run in this JVM against real servers and repositories, and what they print. */
@NullMarked
package io.pgbk.cli.scenario;

import org.jspecify.annotations.NullMarked;
