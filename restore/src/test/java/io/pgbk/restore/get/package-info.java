@NullMarked
package io.pgbk.restore.get;

import org.jspecify.annotations.NullMarked;
