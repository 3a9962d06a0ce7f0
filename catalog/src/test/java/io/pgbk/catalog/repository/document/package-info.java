@NullMarked
package io.pgbk.catalog.repository.document;

import org.jspecify.annotations.NullMarked;
