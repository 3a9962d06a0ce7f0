package io.pgbk.cli.process;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.List;
import java.util.regex.Pattern;

/** Refuses secrets among the arguments: every user of the machine can read them there. */
public final class SecretOnCommandLine {
    private static final Pattern SECRET = Pattern.compile(
            "--?(key|access-key|secret-key|secret|passphrase|password|pass|token|encryption-key|credentials|new-passphrase)"
                    + "(=.*)?",
            Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

    private SecretOnCommandLine() {}

    /**
     * Looks at the arguments.
     *
     * @throws PgbkException with code USAGE, without repeating the secret
     */
    public static void refuse(List<String> arguments) {
        for (String argument : arguments) {
            if (argument.equals("--")) {
                return;
            }
            if (SECRET.matcher(argument).matches()) {
                throw new PgbkException(
                        ErrorCode.USAGE,
                        "a secret is not taken from the command line: "
                                + argument.replaceFirst("(?s)=.*", "").toLowerCase(java.util.Locale.ROOT),
                        "Everybody on this machine could read it there. Name a file in the configuration, or use the"
                                + " environment. Change the secret if it was a real one.");
            }
        }
    }
}
