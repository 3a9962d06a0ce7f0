/** The manifest, which describes a whole cluster at the end of one backup. */
@NullMarked
package io.pgbk.catalog.format.manifest;

import org.jspecify.annotations.NullMarked;
