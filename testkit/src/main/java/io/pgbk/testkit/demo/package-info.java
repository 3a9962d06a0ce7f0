/** The demonstration that {@code bin/demo} runs. */
@NullMarked
package io.pgbk.testkit.demo;

import org.jspecify.annotations.NullMarked;
