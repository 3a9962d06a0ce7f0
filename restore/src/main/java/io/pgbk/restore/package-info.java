@NullMarked
package io.pgbk.restore;

import org.jspecify.annotations.NullMarked;
