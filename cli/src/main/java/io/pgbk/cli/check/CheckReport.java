package io.pgbk.cli.check;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code pgbk check}; the names of its parts are the stable names in JSON.
 *
 * @param verdict {@code sound} or {@code failed}
 */
public record CheckReport(String verdict, List<Check> checks) {
    /**
     * One thing that was looked at.
     *
     * @param name what
     * @param ok whether it is as it must be
     * @param message what was found
     * @param hint what to do, when something is wrong
     */
    public record Check(
            String name,
            boolean ok,
            String message,
            @Nullable String hint) {}
}
