@NullMarked
package io.pgbk.catalog;

import org.jspecify.annotations.NullMarked;
