/** The race against pgBackRest: a program run on demand by bin/bench, not a test. */
@NullMarked
package io.pgbk.integration.race;

import org.jspecify.annotations.NullMarked;
