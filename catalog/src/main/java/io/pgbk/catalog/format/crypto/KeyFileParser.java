package io.pgbk.catalog.format.crypto;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/** Reads the two forms of a key file. */
final class KeyFileParser {
    private KeyFileParser() {}

    static UnlockSecret.KeyFile parse(byte[] content, Path file) {
        byte[] key = content.length == 32 ? content.clone() : parseHex(content, file);
        return new UnlockSecret.KeyFile(Secret.adopt(key), "key file " + file);
    }

    private static byte[] parseHex(byte[] content, Path file) {
        int length = content.length;
        while (length > 0 && (content[length - 1] == '\n' || content[length - 1] == '\r')) {
            length--;
        }
        if (length == 64 && content.length <= 66) {
            char[] digits = new String(content, 0, length, StandardCharsets.ISO_8859_1).toCharArray();
            try {
                return HexFormat.of().parseHex(digits, 0, length);
            } catch (IllegalArgumentException e) {
                // The message would show the digits: fall through to one that does not.
            } finally {
                Arrays.fill(digits, '\0');
            }
        }
        throw new PgbkException(
                ErrorCode.KEY_WRONG,
                "key file " + file + " holds " + content.length + " bytes, neither 32 random bytes nor 64 hexadecimal"
                        + " digits",
                "Make one with: openssl rand -out " + file + " 32");
    }
}
