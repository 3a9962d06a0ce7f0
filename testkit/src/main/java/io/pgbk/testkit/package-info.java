/** Test support shared by the modules and never shipped: real PostgreSQL and S3 servers, load and comparison. */
@NullMarked
package io.pgbk.testkit;

import org.jspecify.annotations.NullMarked;
