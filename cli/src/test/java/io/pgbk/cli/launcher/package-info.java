@NullMarked
package io.pgbk.cli.launcher;

import org.jspecify.annotations.NullMarked;
