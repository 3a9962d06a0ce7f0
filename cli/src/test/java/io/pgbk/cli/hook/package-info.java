@NullMarked
package io.pgbk.cli.hook;

import org.jspecify.annotations.NullMarked;
