package io.pgbk.catalog.store;

import org.jspecify.annotations.Nullable;

/** How requests are signed. */
public sealed interface S3Credentials {
    /** A fixed key pair, with a session token when it is a temporary one. */
    record Fixed(
            String accessKey, Secret secretKey, @Nullable Secret sessionToken) implements S3Credentials {
        public Fixed {
            if (accessKey.isBlank() || secretKey.reveal().isBlank()) {
                throw new IllegalArgumentException("access key and secret key must not be empty");
            }
        }

        public Fixed(String accessKey, Secret secretKey) {
            this(accessKey, secretKey, null);
        }
    }

    /** The SDK's chain: environment, web identity, profile, container, instance. */
    record DefaultChain() implements S3Credentials {}
}
