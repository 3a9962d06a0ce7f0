@NullMarked
package io.pgbk.cli.output;

import org.jspecify.annotations.NullMarked;
