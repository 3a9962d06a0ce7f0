/** The S3 server process of the tests and the demo. */
@NullMarked
package io.pgbk.testkit.s3proxy;

import org.jspecify.annotations.NullMarked;
