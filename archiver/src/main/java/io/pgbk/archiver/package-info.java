@NullMarked
package io.pgbk.archiver;

import org.jspecify.annotations.NullMarked;
