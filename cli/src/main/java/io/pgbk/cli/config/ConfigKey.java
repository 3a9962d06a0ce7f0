package io.pgbk.cli.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One key of the configuration: its name, what it may hold, what happens without it, what it is for.
 *
 * @param path the full name; list elements are written as {@code []}: {@code repositories[].url}
 * @param type what it may hold
 * @param defaultText the value when nothing is said, null when there is none
 * @param usedWithout what happens when there is no value and no default, in words
 * @param secret given by the environment only, and never shown
 * @param description one or two sentences for people
 */
public record ConfigKey(
        String path,
        ValueType type,
        @Nullable String defaultText,
        String usedWithout,
        boolean secret,
        String description) {

    /** The part of the name after the last point. */
    public String name() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** The variable of the environment, with {@code N} for the index of a list element. */
    public String variable() {
        return "PGBK_"
                + path.replace("[]", "_N").replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
