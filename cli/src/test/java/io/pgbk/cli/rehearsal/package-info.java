@NullMarked
package io.pgbk.cli.rehearsal;

import org.jspecify.annotations.NullMarked;
