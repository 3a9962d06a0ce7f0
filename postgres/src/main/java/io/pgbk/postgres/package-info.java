@NullMarked
package io.pgbk.postgres;

import org.jspecify.annotations.NullMarked;
