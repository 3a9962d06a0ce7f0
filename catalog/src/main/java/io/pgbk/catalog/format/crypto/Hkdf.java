package io.pgbk.catalog.format.crypto;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/** HKDF with SHA-256 (RFC 5869). All keys of the format are 32 bytes long. */
final class Hkdf {
    private Hkdf() {}

    /** Extracts with the salt and expands with the label {@code "pgbk1 " + purpose}. */
    static byte[] derive(byte[] inputKey, byte[] salt, String purpose) {
        try {
            // Named, because a search would load every provider that the class path has.
            return KDF.getInstance("HKDF-SHA256", "SunJCE")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(inputKey)
                            .addSalt(salt)
                            .thenExpand(("pgbk1 " + purpose).getBytes(StandardCharsets.US_ASCII), 32));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no HKDF-SHA256", e);
        }
    }
}
