package io.pgbk.catalog.format;

import java.io.Serial;

/** A text is no JSON, or breaks a bound of {@link StrictJson}. The message quotes nothing of the text. */
public final class JsonSyntaxException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    JsonSyntaxException(String message) {
        super(message);
    }
}
