/** The commands for people, one class each: arguments in, a runner of another module, its result out. */
@NullMarked
package io.pgbk.cli.command;

import org.jspecify.annotations.NullMarked;
