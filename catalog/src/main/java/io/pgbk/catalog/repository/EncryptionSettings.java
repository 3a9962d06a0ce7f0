package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.crypto.UnlockSecret;
import java.util.List;

/** What the configuration says about a repository's encryption; it must agree with the repository. */
public sealed interface EncryptionSettings {
    /** {@code encryption: none}, written out by the operator. */
    record Plain() implements EncryptionSettings {}

    /**
     * Encrypted; each secret is tried in turn, a new repository gets one slot for each.
     *
     * @param secrets at least one
     */
    record Encrypted(List<UnlockSecret> secrets) implements EncryptionSettings {
        public Encrypted {
            secrets = List.copyOf(secrets);
            if (secrets.isEmpty()) {
                throw new IllegalArgumentException("an encrypted repository needs a secret");
            }
        }
    }
}
