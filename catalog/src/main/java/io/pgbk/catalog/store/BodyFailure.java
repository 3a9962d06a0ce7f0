package io.pgbk.catalog.store;

import java.io.IOException;
import java.io.UncheckedIOException;

/** The content to be stored cannot be read: no matter of the store, and not repeated. */
final class BodyFailure extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    BodyFailure(IOException cause) {
        super(cause);
    }
}
