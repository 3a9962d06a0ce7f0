/** Throws damaged and hostile bytes at readers: in every test run a little, with Jazzer behind the long profile. */
@NullMarked
package io.pgbk.testkit.fuzz;

import org.jspecify.annotations.NullMarked;
