@NullMarked
package io.pgbk.cli.wiring;

import org.jspecify.annotations.NullMarked;
