package io.pgbk.catalog.format.crypto;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/**
 * Chooses who does AES-256-GCM. The JDK's cipher starts at once but is slow until compiled; Amazon Corretto Crypto
 * Provider is fast from the first byte but costs about 0.1 s to load. So the first 4 MB of a process go through the
 * JDK, everything later (and packs from their first byte) through Corretto where its library can be loaded. The
 * provider is never registered globally.
 */
final class CipherProviders {
    private static final long BULK_BYTES = 4_000_000;
    private static final AtomicLong PROCESSED_BYTES = new AtomicLong();

    private CipherProviders() {}

    /** Counts bytes that went through a cipher. */
    static void count(long bytes) {
        PROCESSED_BYTES.addAndGet(bytes);
    }

    /** Whether this process handles so much that loading the native provider pays. */
    static boolean isBulk() {
        return PROCESSED_BYTES.get() >= BULK_BYTES;
    }

    static Cipher aesGcm(boolean bulk) {
        try {
            if (bulk) {
                Provider provider = Native.PROVIDER;
                if (provider != null) {
                    return Cipher.getInstance("AES/GCM/NoPadding", provider);
                }
            }
            return Cipher.getInstance("AES/GCM/NoPadding", "SunJCE");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES-GCM", e);
        }
    }

    /** Loads the native provider when first asked for. */
    private static final class Native {
        static final @Nullable Provider PROVIDER = load();

        private static @Nullable Provider load() {
            try {
                AmazonCorrettoCryptoProvider provider = AmazonCorrettoCryptoProvider.INSTANCE;
                return provider.getLoadingError() == null ? provider : null;
            } catch (LinkageError e) {
                // Not shipped for this machine: the JDK's cipher does the same work, more slowly at first.
                return null;
            }
        }
    }
}
