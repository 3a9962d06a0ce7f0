package io.pgbk.cli.output;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/**
 * The two streams of the process and how they are written to. Answers go to standard output, everything else to
 * standard error; a progress bar that stands on the last line is removed before anything else is written.
 */
public final class Console {
    private final PrintStream out;
    private final PrintStream err;
    private final OutputFormat format;
    private final boolean verbose;
    private final boolean terminal;
    private final Object lock = new Object();
    private boolean barShown;

    /**
     * @param terminal whether standard error is a terminal
     */
    public Console(PrintStream out, PrintStream err, OutputFormat format, boolean verbose, boolean terminal) {
        this.out = out;
        this.err = err;
        this.format = format;
        this.verbose = verbose;
        this.terminal = terminal;
    }

    /** How the command answers. */
    public OutputFormat format() {
        return format;
    }

    /** Whether the answer is JSON. */
    public boolean isJson() {
        return format == OutputFormat.JSON;
    }

    /** Whether somebody watches standard error. */
    public boolean isTerminal() {
        return terminal;
    }

    /** The answer: a record as JSON, or its lines of text. */
    public void answer(Object json, List<String> text) {
        if (isJson()) {
            line(JsonText.pretty(json));
        } else {
            text.forEach(this::line);
        }
    }

    /** A line on standard output. */
    public void line(String text) {
        synchronized (lock) {
            clearBar();
            out.println(printable(text));
        }
    }

    /** Something that the operator should know. */
    public void warn(String message) {
        message("warning", message);
    }

    /** A remark that is not part of the answer. */
    public void note(String message) {
        message("note", message);
    }

    /** A detail that is shown with {@code -v} only. */
    public void debug(String message) {
        if (verbose) {
            message("debug", message);
        }
    }

    /** A line on standard error as it is. */
    public void errorLine(String text) {
        synchronized (lock) {
            clearBar();
            err.println(printable(text));
        }
    }

    /** Shows a line that the next one replaces; on a terminal only. */
    void bar(String text) {
        synchronized (lock) {
            err.print("\r" + text + "\u001b[K");
            err.flush();
            barShown = true;
        }
    }

    /** Removes the bar. */
    void clearBar() {
        synchronized (lock) {
            if (barShown) {
                err.print("\r\u001b[K");
                err.flush();
                barShown = false;
            }
        }
    }

    /** Text of others (names, labels, what a store answers) cannot command the terminal or change what a line says. */
    private static String printable(String text) {
        int at = 0;
        while (at < text.length() && isPrintable(text.charAt(at))) {
            at++;
        }
        if (at == text.length()) {
            return text;
        }
        StringBuilder shown = new StringBuilder(text);
        for (; at < shown.length(); at++) {
            if (!isPrintable(shown.charAt(at))) {
                shown.setCharAt(at, '?');
            }
        }
        return shown.toString();
    }

    private static boolean isPrintable(char c) {
        boolean lineEnd = c == '\u2028' || c == '\u2029';
        boolean turnsDirection = (c >= '\u202A' && c <= '\u202E') || (c >= '\u2066' && c <= '\u2069');
        return c == '\n' || c == '\t' || !(Character.isISOControl(c) || lineEnd || turnsDirection);
    }

    private void message(String kind, String message) {
        errorLine(isJson() ? JsonText.line(Map.of(kind, message)) : kind + ": " + message);
    }
}
