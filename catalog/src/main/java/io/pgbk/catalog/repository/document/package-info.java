/** Small JSON documents inside the object envelope: how the catalogue writes and reads everything but data. */
@NullMarked
package io.pgbk.catalog.repository.document;

import org.jspecify.annotations.NullMarked;
