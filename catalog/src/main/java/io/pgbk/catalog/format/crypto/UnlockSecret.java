package io.pgbk.catalog.format.crypto;

import java.nio.file.Path;

/** What opens a key slot. */
public sealed interface UnlockSecret extends AutoCloseable permits UnlockSecret.KeyFile, UnlockSecret.Passphrase {
    /** The secret bytes. */
    Secret secret();

    /** How messages call it, without the secret itself. */
    String description();

    @Override
    default void close() {
        secret().close();
    }

    /**
     * 32 random bytes from a file.
     *
     * @param description for messages, the file's path
     */
    record KeyFile(Secret secret, String description) implements UnlockSecret {
        public KeyFile {
            if (secret.length() != 32) {
                throw new IllegalArgumentException("a key has 32 bytes");
            }
        }

        /**
         * Parses a key file's content: exactly 32 bytes, or 64 hexadecimal digits and an optional line end.
         *
         * @throws io.pgbk.error.PgbkException KEY_WRONG when it is neither
         */
        public static KeyFile parse(byte[] content, Path file) {
            return KeyFileParser.parse(content, file);
        }
    }

    /**
     * A passphrase in UTF-8.
     *
     * @param description for messages, where it came from
     */
    record Passphrase(Secret secret, String description) implements UnlockSecret {
        public Passphrase {
            if (secret.length() == 0) {
                throw new IllegalArgumentException("a passphrase is not empty");
            }
        }
    }
}
