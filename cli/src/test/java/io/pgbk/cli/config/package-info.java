@NullMarked
package io.pgbk.cli.config;

import org.jspecify.annotations.NullMarked;
