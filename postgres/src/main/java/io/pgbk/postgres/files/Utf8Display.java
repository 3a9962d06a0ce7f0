package io.pgbk.postgres.files;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Decodes bytes as UTF-8 for people and shows what is not UTF-8 as {@code \xNN}. */
final class Utf8Display {
    private static final HexFormat HEX = HexFormat.of();

    private Utf8Display() {}

    /**
     * Decodes.
     *
     * @param characters bytes, each shown as one character
     * @param escapeControls whether control characters are shown as {@code \xNN} too
     */
    static String decode(String characters, boolean escapeControls) {
        if (isPlain(characters)) {
            return characters;
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(characters.getBytes(StandardCharsets.ISO_8859_1));
        CharBuffer out = CharBuffer.allocate(in.remaining());
        StringBuilder text = new StringBuilder(in.remaining());
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            out.flip();
            append(text, out, escapeControls);
            out.clear();
            if (!result.isError()) {
                return text.toString();
            }
            for (int i = 0; i < result.length(); i++) {
                text.append("\\x").append(HEX.toHexDigits(in.get()));
            }
            decoder.reset();
        }
    }

    private static void append(StringBuilder text, CharBuffer decoded, boolean escapeControls) {
        while (decoded.hasRemaining()) {
            char c = decoded.get();
            if (escapeControls && Character.isISOControl(c)) {
                text.append("\\x").append(HEX.toHexDigits((byte) c));
            } else {
                text.append(c);
            }
        }
    }

    private static boolean isPlain(String characters) {
        for (int i = 0; i < characters.length(); i++) {
            char c = characters.charAt(i);
            if (c < 0x20 || c > 0x7E) {
                return false;
            }
        }
        return true;
    }
}
