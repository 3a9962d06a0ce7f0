/** A file system that fails when a test says so: a layer over the real one, without any right or mount. */
@NullMarked
package io.pgbk.testkit.disk;

import org.jspecify.annotations.NullMarked;
