package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.JsonSyntaxException;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.StrictJson;
import io.pgbk.error.PgbkException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A key slot's members. Flat JSON: strings and integers only.
 *
 * @param cost for passphrase slots
 * @param check first 16 bytes of a value derived from the unlocking key: tells a wrong key from a damaged slot
 * @param wrappedKeys key set under AES-256-GCM, tag included
 */
record SlotDocument(
        String slotId,
        String type,
        RepositoryId repositoryId,
        Instant created,
        Bytes salt,
        Optional<Argon2Parameters> cost,
        Bytes check,
        Bytes nonce,
        Bytes wrappedKeys) {
    static final String KEY_FILE = "key-file";
    static final String PASSPHRASE = "passphrase";
    static final Pattern SLOT_ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final int MAX_WRAPPED_BYTES = 64 * 1024;

    /** What the wrapping authenticates: everything that decides how the slot is opened. */
    String associatedText() {
        StringBuilder text = new StringBuilder("pgbk1 slot\n")
                .append(repositoryId)
                .append('\n')
                .append(slotId)
                .append('\n')
                .append(type)
                .append('\n')
                .append(created)
                .append('\n')
                .append(salt.hex())
                .append('\n');
        cost.ifPresent(argon2 -> text.append(argon2.memoryKib())
                .append('\n')
                .append(argon2.iterations())
                .append('\n')
                .append(argon2.parallelism())
                .append('\n'));
        return text.toString();
    }

    /** The JSON text without MAC. */
    String toJson() {
        StringBuilder json = new StringBuilder("{\n  \"format\": 1");
        string(json, "slot", slotId);
        string(json, "type", type);
        string(json, "repositoryId", repositoryId.toString());
        string(json, "created", created.toString());
        string(json, "kdf", cost.isPresent() ? "argon2id" : "hkdf-sha256");
        string(json, "salt", salt.hex());
        cost.ifPresent(argon2 -> {
            number(json, "memoryKib", argon2.memoryKib());
            number(json, "iterations", argon2.iterations());
            number(json, "parallelism", argon2.parallelism());
        });
        string(json, "check", check.hex());
        string(json, "nonce", nonce.hex());
        string(json, "keys", Base64.getEncoder().encodeToString(wrappedKeys.toArray()));
        return json.append("\n}\n").toString();
    }

    private static void string(StringBuilder json, String name, String value) {
        json.append(",\n  \"").append(name).append("\": \"").append(value).append('"');
    }

    private static void number(StringBuilder json, String name, int value) {
        json.append(",\n  \"").append(name).append("\": ").append(value);
    }

    /** The members of a slot's JSON text, each as a string. */
    static Map<String, String> members(String path, String json) {
        @Nullable Object read;
        try {
            read = StrictJson.parse(json, new Scalars());
        } catch (JsonSyntaxException e) {
            throw Damage.of(path, "it is no valid JSON", e);
        }
        if (!(read instanceof Map<?, ?> object)) {
            throw Damage.of(path, "it is no JSON object");
        }
        Map<String, String> members = new LinkedHashMap<>();
        object.forEach((name, value) -> {
            // Members of newer versions may be anything.
            if (name instanceof String key && value instanceof String text) {
                members.put(key, text);
            }
        });
        String format = members.getOrDefault("format", "");
        if (!format.equals("1")) {
            throw format.matches("[2-9]|[1-9][0-9]{1,5}")
                    ? Damage.tooNew(path, "format " + format)
                    : Damage.of(path, "it names no format version");
        }
        return members;
    }

    /** Strings, numbers and words become strings, objects maps, arrays lists. */
    private static final class Scalars implements StrictJson.Values<Object> {
        @Override
        public Object text(String text) {
            return text;
        }

        @Override
        public Object number(String digits, boolean isWhole) {
            return digits;
        }

        @Override
        public Object flag(boolean flag) {
            return Boolean.toString(flag);
        }

        @Override
        public Object nothing() {
            return "null";
        }

        @Override
        public Object object(Map<String, Object> members) {
            return members;
        }

        @Override
        public Object array(List<Object> elements) {
            return elements;
        }
    }

    /**
     * Reads a slot of one of the two supported types.
     *
     * @throws PgbkException OBJECT_DAMAGED, also for costs over the caps
     */
    static SlotDocument parse(String path, Map<String, String> members) {
        String type = required(path, members, "type");
        boolean passphrase = type.equals(PASSPHRASE);
        String kdf = required(path, members, "kdf");
        if (!kdf.equals(passphrase ? "argon2id" : "hkdf-sha256")) {
            throw Damage.tooNew(path, "key derivation " + kdf + " is not known");
        }
        try {
            Optional<Argon2Parameters> cost = passphrase
                    ? Optional.of(new Argon2Parameters(
                            integer(path, members, "memoryKib"),
                            integer(path, members, "iterations"),
                            integer(path, members, "parallelism")))
                    : Optional.empty();
            SlotDocument slot = new SlotDocument(
                    slotId(path, members),
                    type,
                    RepositoryId.parse(required(path, members, "repositoryId")),
                    created(path, members),
                    Bytes.fromHex(required(path, members, "salt")),
                    cost,
                    Bytes.fromHex(required(path, members, "check")),
                    Bytes.fromHex(required(path, members, "nonce")),
                    Bytes.of(Base64.getDecoder().decode(required(path, members, "keys"))));
            if (slot.salt.length() != 32
                    || slot.check.length() != 16
                    || slot.nonce.length() != 12
                    || slot.wrappedKeys.length() > MAX_WRAPPED_BYTES) {
                throw Damage.of(path, "a member has a wrong length");
            }
            return slot;
        } catch (IllegalArgumentException e) {
            throw Damage.of(path, "a member is invalid: " + e.getMessage(), e);
        }
    }

    static String slotId(String path, Map<String, String> members) {
        String slotId = required(path, members, "slot");
        if (!SLOT_ID.matcher(slotId).matches()) {
            throw Damage.of(path, "its slot id is invalid");
        }
        return slotId;
    }

    static Instant created(String path, Map<String, String> members) {
        try {
            return Instant.parse(required(path, members, "created"));
        } catch (DateTimeException e) {
            throw Damage.of(path, "its creation time is invalid", e);
        }
    }

    static String required(String path, Map<String, String> members, String name) {
        String value = members.get(name);
        if (value == null) {
            throw Damage.of(path, "member " + name + " is missing");
        }
        return value;
    }

    private static int integer(String path, Map<String, String> members, String name) {
        String value = required(path, members, name);
        if (!value.matches("[0-9]{1,9}")) {
            throw Damage.of(path, "member " + name + " is no number in bounds");
        }
        return Integer.parseInt(value);
    }
}
