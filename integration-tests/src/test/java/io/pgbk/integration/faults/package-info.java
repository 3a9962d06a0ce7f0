/** Every fault of a network and of a store against every command that needs the store. */
@NullMarked
package io.pgbk.integration.faults;

import org.jspecify.annotations.NullMarked;
