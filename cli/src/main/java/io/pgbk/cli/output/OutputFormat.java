package io.pgbk.cli.output;

/** How a command answers. */
public enum OutputFormat {
    /** For people. */
    TEXT,
    /** One JSON object on standard output; errors and progress as JSON lines on standard error. */
    JSON
}
