package io.pgbk.error;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure that pgbk can explain: what failed and on which object (the message), why (the cause), what to do next (the
 * hint), and the stable code that becomes the exit code.
 *
 * <p>Messages are lower case without a final stop; hints are sentences. Neither ever contains a secret. Anything else
 * that is thrown (an {@link IllegalStateException}, a {@link NullPointerException}) is a defect.
 */
public class PgbkException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final @Nullable String hint;

    public PgbkException(ErrorCode code, String message) {
        this(code, message, null, null);
    }

    public PgbkException(ErrorCode code, String message, @Nullable String hint) {
        this(code, message, hint, null);
    }

    public PgbkException(ErrorCode code, String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code, "code");
        this.hint = hint;
    }

    public ErrorCode code() {
        return code;
    }

    /** What the reader should do next, as a sentence, or null when nothing useful can be said. */
    public @Nullable String hint() {
        return hint;
    }
}
