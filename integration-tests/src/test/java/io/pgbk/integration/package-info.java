/** Tests of the whole system and of its architecture. */
@NullMarked
package io.pgbk.integration;

import org.jspecify.annotations.NullMarked;
