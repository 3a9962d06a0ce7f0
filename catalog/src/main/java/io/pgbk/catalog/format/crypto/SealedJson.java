package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Damage;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * JSON documents whose last member is a MAC over everything before it (repository.json, incarnations, slots). In a
 * plain repository a SHA-256 takes its place.
 */
public final class SealedJson {
    /** A longer document is refused before it is read. */
    public static final int MAX_BYTES = 1024 * 1024;

    private static final Pattern SEALED = Pattern.compile(
            "(?<body>.*),\n  \"mac\": \"(?:hmac-sha256:(?<epoch>[1-9][0-9]{0,8})|sha256):(?<mac>[0-9a-f]{64})\"\n}\n",
            Pattern.DOTALL);

    private SealedJson() {}

    /**
     * Appends the MAC member to a JSON object.
     *
     * @param path the document's key below the prefix, part of what is authenticated
     * @param json the text of a JSON object with at least one member, without the member {@code mac}
     */
    public static byte[] seal(KeyRing ring, String path, String json) {
        String object = json.strip();
        if (!object.startsWith("{") || !object.endsWith("}")) {
            throw new IllegalArgumentException("not a JSON object");
        }
        String body = object.substring(0, object.length() - 1).stripTrailing();
        String algorithm = ring.encrypted() ? "hmac-sha256:" + ring.currentEpoch() : "sha256";
        String mac = HexFormat.of().formatHex(mac(ring, ring.currentEpoch(), path, body));
        return (body + ",\n  \"mac\": \"" + algorithm + ":" + mac + "\"\n}\n").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Checks the MAC and returns the document's text without it.
     *
     * @throws PgbkException OBJECT_DAMAGED when the MAC does not fit, ENCRYPTION_MISMATCH when the document belongs to
     *     an encrypted repository and the ring is plain or the other way round, KEY_WRONG when the ring lacks its epoch
     */
    public static String open(KeyRing ring, String path, byte[] document) {
        Matcher parts = split(path, document);
        String epoch = parts.group("epoch");
        if ((epoch != null) != ring.encrypted()) {
            throw new PgbkException(
                    ErrorCode.ENCRYPTION_MISMATCH,
                    "document " + path + " belongs to " + (epoch != null ? "an encrypted" : "a plain")
                            + " repository, but it is opened as " + (ring.encrypted() ? "encrypted" : "plain"),
                    "Make encryption in the configuration agree with the repository.");
        }
        String body = parts.group("body");
        byte[] expected;
        try {
            expected = mac(ring, epoch == null ? 0 : Integer.parseInt(epoch), path, body);
        } catch (PgbkException e) {
            throw new PgbkException(
                    e.code(), "the MAC of object " + path + " cannot be checked: " + e.getMessage(), e.hint(), e);
        }
        if (!MessageDigest.isEqual(expected, HexFormat.of().parseHex(parts.group("mac")))) {
            throw Damage.of(path, "its content does not fit its MAC");
        }
        return body + "\n}\n";
    }

    /**
     * The document's text without its MAC, <b>not checked</b>: for what must be read before the keys are there (the
     * repository id, whether it is encrypted). Whoever uses it calls {@link #open} once the keys are there.
     *
     * @throws PgbkException OBJECT_DAMAGED when it has not the form of a sealed document
     */
    public static String peek(String path, byte[] document) {
        return split(path, document).group("body") + "\n}\n";
    }

    /**
     * Whether the document claims to belong to an encrypted repository; not checked.
     *
     * @throws PgbkException OBJECT_DAMAGED when it has not the form of a sealed document
     */
    public static boolean claimsEncryption(String path, byte[] document) {
        return split(path, document).group("epoch") != null;
    }

    private static Matcher split(String path, byte[] document) {
        if (document.length > MAX_BYTES) {
            throw Damage.of(path, "it has " + document.length + " bytes, over " + MAX_BYTES);
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(document))
                    .toString();
            Matcher parts = SEALED.matcher(text);
            if (!parts.matches()) {
                throw Damage.of(path, "it does not end with a MAC");
            }
            return parts;
        } catch (CharacterCodingException e) {
            throw Damage.of(path, "it is not UTF-8", e);
        }
    }

    private static byte[] mac(KeyRing ring, int epoch, String path, String body) {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        byte[] text = body.getBytes(StandardCharsets.UTF_8);
        byte[] message = new BinaryWriter(32 + name.length + text.length)
                .raw(ring.repositoryId().value())
                .u16(name.length)
                .raw(name, 0, name.length)
                .raw(text, 0, text.length)
                .toArray();
        return switch (ring) {
            case PlainKeyRing _ -> Digests.sha256(message);
            case EncryptedKeyRing encrypted ->
                Digests.hmac(
                        Hkdf.derive(
                                encrypted.key(epoch, KeyClass.META).expose(),
                                ring.repositoryId().value().toArray(),
                                "document"),
                        message);
        };
    }
}
