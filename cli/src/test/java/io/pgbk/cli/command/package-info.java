@NullMarked
package io.pgbk.cli.command;

import org.jspecify.annotations.NullMarked;
