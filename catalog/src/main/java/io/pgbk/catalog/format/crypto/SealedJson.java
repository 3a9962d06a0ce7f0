package io.pgbk.catalog.format.crypto;

/**
 * JSON documents whose last member is a MAC over everything before it (repository.json, incarnations, slots). In a
 * plain repository a SHA-256 takes its place.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class SealedJson {
    private SealedJson() {}

    /**
     * Appends the MAC member to a JSON object.
     *
     * @param path the document's key below the prefix, part of what is authenticated
     * @param json the text of a JSON object with at least one member, without the member {@code mac}
     */
    public static byte[] seal(KeyRing ring, String path, String json) {
        throw new UnsupportedOperationException();
    }

    /**
     * Checks the MAC and returns the document's text without it.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when the MAC does not fit, ENCRYPTION_MISMATCH when the
     *     document belongs to an encrypted repository and the ring is plain or the other way round
     */
    public static String open(KeyRing ring, String path, byte[] document) {
        throw new UnsupportedOperationException();
    }

    /**
     * The document's text without its MAC, <b>not checked</b>: for what must be read before the keys are there (the
     * repository id, whether it is encrypted). Whoever uses it calls {@link #open} once the keys are there.
     *
     * @throws io.pgbk.error.PgbkException OBJECT_DAMAGED when it has not the form of a sealed document
     */
    public static String peek(String path, byte[] document) {
        throw new UnsupportedOperationException();
    }
}
