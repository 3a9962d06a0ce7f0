package io.pgbk.postgres.files;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * File names are bytes, and a data directory can hold any of them.
 *
 * <p>Java's paths on Linux keep the bytes, but their text is made with the charset of the locale and loses what that
 * cannot express. pgbk therefore never uses the text: the bytes go in and out through {@code file:} URIs, in which each
 * byte is escaped, and are shown as "characters": each byte as the character of the same number (ISO 8859-1). Text that
 * people wrote (configuration, command line) is Unicode and stands for its UTF-8 bytes.
 *
 * <p>Paths made here work with {@link java.nio.file.Files} and channels, in every locale; {@link java.io.File} goes
 * through the text and must not be used.
 */
public final class FileNames {
    private static final Charset JVM =
            Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"), StandardCharsets.UTF_8);
    private static final HexFormat HEX = HexFormat.of();
    private static final Path SYSTEM_ROOT = Path.of("/");

    private FileNames() {}

    /** The Java path for the bytes of a path, each shown as one character. */
    public static Path toPath(String characters) {
        if (isAscii(characters)) {
            return plain(characters);
        }
        boolean absolute = characters.startsWith("/");
        Path path = escaped(absolute ? characters : "/" + characters);
        return absolute ? path : SYSTEM_ROOT.relativize(path);
    }

    /** A path below a directory, each byte of it shown as one character. */
    public static Path resolve(Path directory, String characters) {
        return directory.resolve(toPath(characters));
    }

    /** The bytes of a path, each shown as one character. */
    public static String characters(Path path) {
        String text = path.toString();
        if (isAscii(text)) {
            return text;
        }
        boolean absolute = path.isAbsolute();
        String characters =
                unescaped((absolute ? path : SYSTEM_ROOT.resolve(path)).toUri().getRawPath());
        // The URI of a directory ends with a slash.
        int end = characters.length() - (characters.endsWith("/") ? 1 : 0);
        return characters.substring(absolute ? 0 : 1, end);
    }

    /** The Java path for a path that a person wrote. */
    public static Path fromText(String text) {
        return toPath(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /**
     * What a person wrote, for a command-line argument or an environment variable as this JVM shows it. Bytes that are
     * not UTF-8 appear as {@code \xNN}. In the C locale Java loses every byte above 127 before pgbk sees it; the
     * launcher therefore starts the JVM with a UTF-8 locale.
     */
    public static String textOfArgument(String argument) {
        return JVM.equals(StandardCharsets.UTF_8)
                ? argument
                : Utf8Display.decode(new String(argument.getBytes(JVM), StandardCharsets.ISO_8859_1), false);
    }

    /** A path for people: bytes that are not UTF-8 and control characters appear as {@code \xNN}. */
    public static String display(Path path) {
        return display(characters(path));
    }

    /** A path, each byte shown as one character, for people. */
    public static String display(String characters) {
        return Utf8Display.decode(characters, true);
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0x7E) {
                return false;
            }
        }
        return true;
    }

    private static Path plain(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new PgbkException(
                    ErrorCode.POSTGRES_UNSUITABLE, "no file can have the name " + display(text), null, e);
        }
    }

    private static Path escaped(String characters) {
        StringBuilder uri = new StringBuilder("file://");
        for (int i = 0; i < characters.length(); i++) {
            char c = characters.charAt(i);
            if (c > 0xFF || c == 0) {
                throw new IllegalArgumentException("not the bytes of a path: " + display(characters));
            }
            if (c == '/' && uri.charAt(uri.length() - 1) == '/' && i > 0) {
                continue; // an empty part means nothing
            }
            if (isUnreserved(c)) {
                uri.append(c);
            } else {
                uri.append('%').append(HEX.toHexDigits((byte) c));
            }
        }
        return Path.of(URI.create(uri.toString()));
    }

    private static boolean isUnreserved(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || "/-._~".indexOf(c) >= 0;
    }

    private static String unescaped(String uri) {
        StringBuilder characters = new StringBuilder(uri.length());
        for (int i = 0; i < uri.length(); i++) {
            char c = uri.charAt(i);
            if (c == '%') {
                characters.append((char) HexFormat.fromHexDigits(uri, i + 1, i + 3));
                i += 2;
            } else {
                characters.append(c);
            }
        }
        return characters.toString();
    }
}
