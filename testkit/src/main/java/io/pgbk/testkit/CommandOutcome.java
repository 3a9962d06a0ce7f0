package io.pgbk.testkit;

import java.util.List;

/** What a finished command left: its exit code and what it wrote. */
public record CommandOutcome(List<String> command, int exit, String stdout, String stderr) {
    /** This outcome when the command succeeded, otherwise an error with everything that it wrote. */
    public CommandOutcome orThrow() {
        if (exit != 0) {
            throw new IllegalStateException(toString());
        }
        return this;
    }

    @Override
    public String toString() {
        return String.join(" ", command) + "\nexit " + exit + "\n" + stdout + stderr;
    }
}
