package io.pgbk.cli.process;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Refuses secrets among the arguments: every user of the machine can read them there. */
public final class SecretOnCommandLine {
    private static final Set<String> SECRETS = Set.of(
            "key",
            "access-key",
            "secret-key",
            "secret",
            "passphrase",
            "password",
            "pass",
            "token",
            "encryption-key",
            "credentials",
            "new-passphrase");

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
            if (argument.startsWith("-") && isSecret(argument)) {
                throw new PgbkException(
                        ErrorCode.USAGE,
                        "a secret is not taken from the command line: "
                                + optionOf(argument).toLowerCase(Locale.ROOT),
                        "Everybody on this machine could read it there. Name a file in the configuration, or use the"
                                + " environment. Change the secret if it was a real one.");
            }
        }
    }

    /** One or two dashes before the name, and maybe a value behind it. */
    private static boolean isSecret(String argument) {
        String name = optionOf(argument).substring(argument.startsWith("--") ? 2 : 1);
        return SECRETS.contains(name.toLowerCase(Locale.ROOT));
    }

    private static String optionOf(String argument) {
        int equals = argument.indexOf('=');
        return equals < 0 ? argument : argument.substring(0, equals);
    }
}
