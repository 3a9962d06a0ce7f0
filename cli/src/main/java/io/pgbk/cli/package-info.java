@NullMarked
package io.pgbk.cli;

import org.jspecify.annotations.NullMarked;
