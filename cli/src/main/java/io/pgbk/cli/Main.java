package io.pgbk.cli;

/** The entry point of the {@code pgbk} program. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(90);
    }
}
