package io.pgbk.catalog.repository.document;

import io.pgbk.catalog.format.Authentic;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.ObjectKind;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.crypto.KeyRing;
import io.pgbk.catalog.format.envelope.SmallObjectCodec;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import tools.jackson.databind.node.ObjectNode;

/** Writes and reads the enveloped JSON documents of one repository. Safe for use by many threads. */
public final class Documents {
    /** Stored documents have at most this many bytes. */
    public static final int MAX_STORED_BYTES = FormatLimits.MAX_SMALL_OBJECT_BYTES;

    private static final int MAX_ATTEMPTS = 1000;

    private final ObjectStore store;
    private final SmallObjectCodec codec;

    public Documents(ObjectStore store, KeyRing keys, SecureRandom random) {
        this.store = store;
        this.codec = new SmallObjectCodec(keys, random);
    }

    /** Creates the document exclusively. */
    public CreateOutcome create(ObjectKind kind, String key, ObjectNode json) {
        return store.create(key, seal(kind, key, json));
    }

    /** The object that {@link #create} would write, for those who need its digest. */
    public ObjectBody seal(ObjectKind kind, String key, ObjectNode json) {
        return codec.seal(kind, key, JsonDocument.write(json).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads a document.
     *
     * @throws ObjectMissingException when the store said that it does not exist
     * @throws PgbkException OBJECT_DAMAGED, FORMAT_TOO_NEW, ENCRYPTION_MISMATCH, KEY_WRONG
     */
    public StoredDocument read(ObjectKind kind, String key) {
        return Authentic.read(store, key, () -> {
            byte[] object = store.readAll(key, MAX_STORED_BYTES);
            String text = new String(codec.open(kind, key, object), StandardCharsets.UTF_8);
            return new StoredDocument(JsonDocument.parse(key, text), object.length, sha256(object));
        });
    }

    /** Reads a document, empty when the store said that it does not exist. */
    public Optional<StoredDocument> find(ObjectKind kind, String key) {
        try {
            return Optional.of(read(kind, key));
        } catch (ObjectMissingException e) {
            return Optional.empty();
        }
    }

    /**
     * Creates the next document of a numbered series, from 1, and returns its number. Of several writers each gets a
     * number of its own.
     *
     * @param folder the series' folder, with a slash at the end
     * @param keyOf the key of a number; keys sort as their numbers
     */
    public int append(ObjectKind kind, String folder, IntFunction<String> keyOf, ObjectNode json) {
        int number = lastNumber(folder) + 1;
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            if (create(kind, keyOf.apply(number), json) == CreateOutcome.CREATED) {
                return number;
            }
            number++;
        }
        throw new PgbkException(
                ErrorCode.HELD_BY_ANOTHER,
                "no free number below " + folder + " after " + MAX_ATTEMPTS + " attempts",
                "Others write there all the time; try again.");
    }

    private int lastNumber(String folder) {
        int last = 0;
        Iterator<ObjectInfo> objects = store.list(folder, "");
        while (objects.hasNext()) {
            String name = objects.next().key().substring(folder.length());
            if (name.length() == 8 && name.chars().allMatch(c -> c >= '0' && c <= '9')) {
                last = Math.max(last, Integer.parseInt(name));
            }
        }
        return last;
    }

    /** The keys below a folder, ascending; for folders that are small by nature. */
    public List<String> keys(String folder) {
        List<String> keys = new ArrayList<>();
        store.list(folder, "").forEachRemaining(object -> keys.add(object.key()));
        return keys;
    }

    /** SHA-256 in hexadecimal. */
    public static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(Digests.sha256(bytes));
    }
}
