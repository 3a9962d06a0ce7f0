@NullMarked
package io.pgbk.testkit;

import org.jspecify.annotations.NullMarked;
