package io.pgbk.cli.config;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The configuration cannot be used; carries everything that is wrong with it, not only the first. */
public final class ConfigurationException extends PgbkException {
    private static final long serialVersionUID = 1L;

    /** Problem itself is not serialisable, and nothing serialises exceptions here. */
    private final transient List<Problem> problems;

    public ConfigurationException(List<Problem> problems) {
        super(
                ErrorCode.CONFIGURATION,
                message(problems),
                "See docs/configuration.md for every key; pgbk config check looks at all of them.");
        this.problems = List.copyOf(problems);
    }

    public ConfigurationException(String message, @Nullable String hint) {
        super(ErrorCode.CONFIGURATION, message, hint);
        this.problems = List.of();
    }

    /** All problems in the order of their places; empty when the configuration could not be looked at at all. */
    public List<Problem> problems() {
        return problems == null ? List.of() : new ArrayList<>(problems);
    }

    private static String message(List<Problem> problems) {
        if (problems.size() == 1) {
            return problems.getFirst().describe();
        }
        return "the configuration has " + problems.size() + " problems\n"
                + problems.stream().map(problem -> "  " + problem.describe()).collect(Collectors.joining("\n"));
    }
}
