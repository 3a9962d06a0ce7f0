package io.pgbk.catalog.repository.layout;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.regex.Pattern;

/**
 * The name under which a cluster's backups and WAL lie in a repository: 1 to 64 lower-case ASCII letters, digits,
 * {@code -}, {@code _} and {@code .}, beginning and ending with a letter or a digit, without two dots in a row.
 *
 * <p>The rule keeps the name valid as a part of an object key, as a file name and as an environment variable's value;
 * case is excluded because some file systems and consoles do not tell {@code Main} from {@code main}.
 */
public record ClusterName(String value) implements Comparable<ClusterName> {
    private static final Pattern VALID = Pattern.compile("[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?");

    /**
     * A name that a person configured.
     *
     * @throws PgbkException with code CONFIGURATION when the name breaks the rule
     */
    public ClusterName {
        if (!isValid(value)) {
            throw new PgbkException(
                    ErrorCode.CONFIGURATION,
                    "\"" + Printable.of(value) + "\" is not a valid cluster name",
                    "Use 1 to 64 lower-case letters, digits, '-', '_' and '.', beginning and ending with a letter or"
                            + " a digit, without two dots in a row.");
        }
    }

    /** Whether the text follows the rule. */
    public static boolean isValid(String value) {
        return VALID.matcher(value).matches() && !value.contains("..");
    }

    @Override
    public int compareTo(ClusterName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
