@NullMarked
package io.pgbk.cli.packaging;

import org.jspecify.annotations.NullMarked;
