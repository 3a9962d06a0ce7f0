package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Certificate authorities from a PEM file, trusted instead of those of the system. Host names are checked as always. */
final class TrustedAuthorities {
    private final TrustManager[] trustManagers;

    private TrustedAuthorities(TrustManager[] trustManagers) {
        this.trustManagers = trustManagers;
    }

    static TrustedAuthorities read(Path pemFile) {
        try (InputStream pem = Files.newInputStream(pemFile)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(pem);
            if (certificates.isEmpty()) {
                throw unusable(pemFile, null);
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            int number = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("ca-" + number++, certificate);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return new TrustedAuthorities(factory.getTrustManagers());
        } catch (IOException | GeneralSecurityException e) {
            throw unusable(pemFile, e);
        }
    }

    private static PgbkException unusable(Path pemFile, @org.jspecify.annotations.Nullable Exception cause) {
        return new PgbkException(
                ErrorCode.CONFIGURATION,
                "ca-file " + pemFile + " holds no readable certificate",
                "It must be a PEM file with BEGIN CERTIFICATE lines that the user who runs pgbk may read.",
                cause);
    }

    TrustManager[] trustManagers() {
        return trustManagers.clone();
    }
}
