package io.pgbk.postgres.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a TCP connection is protected.
 *
 * @param mode what must be proved
 * @param authorities the PEM file with the authorities that are trusted, null for those of the Java runtime
 */
public record PostgresTls(Mode mode, @Nullable Path authorities) {
    /** Certificate and host name must be right. */
    public static final PostgresTls VERIFIED = new PostgresTls(Mode.VERIFY_FULL, null);

    /** Nothing is protected; only for the loopback interface or a network that is protected otherwise. */
    public static final PostgresTls OFF = new PostgresTls(Mode.DISABLE, null);

    /** The levels of libpq that make sense. */
    public enum Mode {
        DISABLE("disable"),
        VERIFY_CA("verify-ca"),
        VERIFY_FULL("verify-full");

        private final String parameter;

        Mode(String parameter) {
            this.parameter = parameter;
        }

        /** The name as libpq knows it. */
        public String parameter() {
            return parameter;
        }
    }
}
