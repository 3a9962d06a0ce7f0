package io.pgbk.cli.output;

import io.pgbk.cli.config.ConfigurationException;
import io.pgbk.cli.config.Problem;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A failure as it is told: the stable code, what failed and what to do.
 *
 * @param problems everything that is wrong with the configuration, when that is the failure
 * @param trace for defects only, the stack
 */
public record ErrorReport(
        ErrorCode code,
        String message,
        @Nullable String hint,
        List<Problem> problems,
        @Nullable String trace) {
    private static final int LONGEST_TRACE = 8000;

    /** What a throwable means for the operator. */
    public static ErrorReport of(Throwable failure) {
        return switch (failure) {
            case ConfigurationException e ->
                new ErrorReport(e.code(), String.valueOf(e.getMessage()), e.hint(), e.problems(), null);
            case PgbkException e ->
                new ErrorReport(
                        e.code(), withCause(e), e.hint(), List.of(), e.code() == ErrorCode.INTERNAL ? trace(e) : null);
            case OutOfMemoryError e ->
                new ErrorReport(
                        ErrorCode.INTERNAL,
                        "not enough memory: " + e.getMessage(),
                        "Lower \"parallel\" in the configuration, or give more heap, for example"
                                + " PGBK_JAVA_OPTIONS=-Xmx2g.",
                        List.of(),
                        null);
            default ->
                new ErrorReport(
                        ErrorCode.INTERNAL,
                        "internal error: " + failure,
                        "This is a defect of pgbk. Please report it with the lines below, the version (pgbk version) and"
                                + " what you did.",
                        List.of(),
                        trace(failure));
        };
    }

    /** Writes it to standard error in the console's form. */
    public void print(Console console) {
        if (console.isJson()) {
            Map<String, Object> error = new LinkedHashMap<>();
            error.put("code", code.id());
            error.put("exit", code.exit());
            error.put("message", message);
            error.put("hint", hint == null ? "" : hint);
            if (!problems.isEmpty()) {
                error.put("problems", problems);
            }
            if (trace != null) {
                error.put("trace", trace);
            }
            console.errorLine(JsonText.line(Map.of("error", error)));
            return;
        }
        console.errorLine("error: " + message);
        if (hint != null && !hint.isEmpty()) {
            console.errorLine("hint: " + hint);
        }
        if (trace != null) {
            console.errorLine(trace.stripTrailing());
        }
    }

    /** The message, and the technical reason when the message does not tell it already. */
    private static String withCause(PgbkException failure) {
        String message = String.valueOf(failure.getMessage());
        Throwable cause = failure.getCause();
        while (cause != null && cause.getCause() != null && cause.getMessage() == null) {
            cause = cause.getCause();
        }
        String reason = cause == null ? null : cause.getMessage();
        // What a parser says about a word adds nothing to "this word is not a ...".
        boolean told = cause instanceof PgbkException || cause instanceof IllegalArgumentException;
        return reason == null || told || message.contains(reason)
                ? message
                : message + " (" + reason.strip().lines().findFirst().orElse("") + ")";
    }

    private static String trace(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        String trace = text.toString();
        return trace.length() <= LONGEST_TRACE ? trace : trace.substring(0, LONGEST_TRACE) + "…";
    }
}
