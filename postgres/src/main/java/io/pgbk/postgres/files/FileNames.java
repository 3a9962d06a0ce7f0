package io.pgbk.postgres.files;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * File names are bytes. Java makes text of them with the charset {@code sun.jnu.encoding}; pgbk's launcher sets that
 * to ISO 8859-1, which shows each byte as the character of the same number, so that every name can be listed, opened
 * and created. Such text is called "characters" here. Text that people wrote (configuration, command line) is Unicode
 * and stands for its UTF-8 bytes.
 */
public final class FileNames {
    private static final Charset JVM = jvmCharset();

    private FileNames() {}

    /** Whether this JVM was started so that it can handle every file name. */
    public static boolean isTransparent() {
        return JVM.equals(StandardCharsets.ISO_8859_1);
    }

    /**
     * The Java path for the bytes of a path, each shown as one character.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when this JVM cannot express the name
     */
    public static Path toPath(String characters) {
        try {
            return Path.of(jvmText(characters));
        } catch (InvalidPathException e) {
            throw inexpressible(characters, e);
        }
    }

    /**
     * A path below a directory, each byte of it shown as one character.
     *
     * @throws PgbkException with code POSTGRES_UNSUITABLE when this JVM cannot express the name
     */
    public static Path resolve(Path directory, String characters) {
        try {
            return directory.resolve(jvmText(characters));
        } catch (InvalidPathException e) {
            throw inexpressible(characters, e);
        }
    }

    /** The bytes of a path, each shown as one character. */
    public static String characters(Path path) {
        String text = path.toString();
        return isTransparent() ? text : new String(text.getBytes(JVM), StandardCharsets.ISO_8859_1);
    }

    /** The Java path for a path that a person wrote. */
    public static Path fromText(String text) {
        return toPath(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /**
     * What a person wrote, for a command-line argument or an environment variable as this JVM shows it. Bytes that are
     * not UTF-8 appear as {@code \xNN}.
     */
    public static String textOfArgument(String argument) {
        return Utf8Display.decode(
                isTransparent() ? argument : new String(argument.getBytes(JVM), StandardCharsets.ISO_8859_1), false);
    }

    /** A path for people: bytes that are not UTF-8 and control characters appear as {@code \xNN}. */
    public static String display(Path path) {
        return display(characters(path));
    }

    /** A path, each byte shown as one character, for people. */
    public static String display(String characters) {
        return Utf8Display.decode(characters, true);
    }

    private static String jvmText(String characters) {
        if (isTransparent()) {
            return characters;
        }
        byte[] bytes = characters.getBytes(StandardCharsets.ISO_8859_1);
        String text = new String(bytes, JVM);
        if (!java.util.Arrays.equals(text.getBytes(JVM), bytes)) {
            throw inexpressible(characters, null);
        }
        return text;
    }

    private static PgbkException inexpressible(String characters, @org.jspecify.annotations.Nullable Throwable cause) {
        return new PgbkException(
                ErrorCode.POSTGRES_UNSUITABLE,
                "the file name " + display(characters) + " cannot be expressed in this Java virtual machine",
                "Start pgbk by its launcher, which sets -Dsun.jnu.encoding=ISO-8859-1.",
                cause);
    }

    private static Charset jvmCharset() {
        return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"), StandardCharsets.UTF_8);
    }
}
