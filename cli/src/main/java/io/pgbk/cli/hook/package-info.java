/** The two commands that PostgreSQL calls, without the library that parses arguments for people: it costs start-up. */
@NullMarked
package io.pgbk.cli.hook;

import org.jspecify.annotations.NullMarked;
