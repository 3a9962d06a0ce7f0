package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.crypto.SealedJson;
import io.pgbk.catalog.repository.document.JsonDocument;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * The content of repository.json.
 *
 * @param encrypted whether objects are encrypted (the only suite of version 1)
 * @param storeIsSafe whether the store creates exclusively
 * @param confirmByReading whether the store accepts wrong digests, so that objects are confirmed by reading them back
 */
record RepositoryFile(
        RepositoryId id, boolean encrypted, boolean storeIsSafe, boolean confirmByReading, Instant created) {
    /** The crypto suite of an encrypted repository: Argon2id or HKDF for slots, HKDF-SHA-256, AES-256-GCM. */
    static final String SUITE_ENCRYPTED = "aes-256-gcm";
    /** The suite of a plain one: SHA-256 in the place of tags and MACs. */
    static final String SUITE_PLAIN = "none";

    private static final int MAX_BYTES = 64 << 10;

    /** repository.json as it lies in the store; its MAC was not checked yet. */
    record Unchecked(RepositoryFile claims, Bytes document) {
        /** Checks the MAC. */
        RepositoryFile check(KeyRing keys) {
            return RepositoryFile.parse(SealedJson.open(keys, RepositoryLayout.REPOSITORY_FILE, document.toArray()));
        }
    }

    /** Reads repository.json; empty when the store said that there is none. */
    static Optional<Unchecked> find(ObjectStore store) {
        byte[] document;
        try {
            document = store.readAll(RepositoryLayout.REPOSITORY_FILE, MAX_BYTES);
        } catch (ObjectMissingException e) {
            return Optional.empty();
        }
        return Optional.of(
                new Unchecked(parse(SealedJson.peek(RepositoryLayout.REPOSITORY_FILE, document)), Bytes.of(document)));
    }

    private static RepositoryFile parse(String text) {
        JsonDocument json = JsonDocument.parse(RepositoryLayout.REPOSITORY_FILE, text);
        int format = json.integer("format", 1, Integer.MAX_VALUE);
        if (format > FormatLimits.FORMAT_VERSION) {
            throw new PgbkException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "the repository has format " + format + ", this pgbk reads formats up to "
                            + FormatLimits.FORMAT_VERSION,
                    "Install a newer pgbk.");
        }
        return new RepositoryFile(
                idOf(json),
                switch (json.text("suite")) {
                    case SUITE_ENCRYPTED -> true;
                    case SUITE_PLAIN -> false;
                    default ->
                        throw new PgbkException(
                                ErrorCode.FORMAT_TOO_NEW,
                                "the repository uses a crypto suite that this pgbk does not know",
                                "Install a newer pgbk.");
                },
                json.flag("storeIsSafe"),
                json.flag("confirmByReading"),
                json.time("created"));
    }

    private static RepositoryId idOf(JsonDocument json) {
        try {
            return RepositoryId.parse(json.text("repositoryId"));
        } catch (IllegalArgumentException e) {
            throw json.damaged("repositoryId", "is no repository id");
        }
    }

    /** The document with its MAC. */
    byte[] seal(KeyRing keys) {
        ObjectNode json = JsonDocument.newObject()
                .put("format", FormatLimits.FORMAT_VERSION)
                .put("repositoryId", id.toString())
                .put("suite", encrypted ? SUITE_ENCRYPTED : SUITE_PLAIN)
                .put("storeIsSafe", storeIsSafe)
                .put("confirmByReading", confirmByReading)
                .put("created", created.toString());
        return SealedJson.seal(keys, RepositoryLayout.REPOSITORY_FILE, JsonDocument.write(json));
    }
}
