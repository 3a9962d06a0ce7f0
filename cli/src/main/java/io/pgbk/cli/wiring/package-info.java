/** From the configuration to the objects of the other modules: stores, secrets, repositories, the server. */
@NullMarked
package io.pgbk.cli.wiring;

import org.jspecify.annotations.NullMarked;
