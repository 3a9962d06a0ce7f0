/** Keys and what is derived from them: key rings, key slots, documents with a MAC, frame encryption. */
@NullMarked
package io.pgbk.catalog.format.crypto;

import org.jspecify.annotations.NullMarked;
