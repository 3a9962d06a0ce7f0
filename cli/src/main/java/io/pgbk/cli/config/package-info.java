/** The configuration: its keys, where values come from, strict reading, and what the commands get of it. */
@NullMarked
package io.pgbk.cli.config;

import org.jspecify.annotations.NullMarked;
