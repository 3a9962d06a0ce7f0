package io.pgbk.cli.config;

/**
 * One thing that is wrong with the configuration.
 *
 * @param place where, as {@link Origin#describe()} says it
 * @param key the full name of the key, empty when the problem is about the whole file
 * @param message what is wrong and, when known, what would be right
 */
public record Problem(String place, String key, String message) {
    /** One line for people. */
    public String describe() {
        return key.isEmpty() ? place + ": " + message : place + ": " + key + ": " + message;
    }
}
