package io.pgbk.postgres.files;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The place of a file below the data directory, as the bytes that the kernel knows, separated by {@code /}. Files of
 * tablespaces are {@code pg_tblspc/<oid>/...}.
 *
 * <p>The order is that of the bytes, which is also the order of the manifest.
 *
 * @param characters the bytes, each shown as the character of the same number (ISO 8859-1); empty for the data
 *     directory itself
 */
public record RelativePath(String characters) implements Comparable<RelativePath> {
    /** The data directory itself. */
    public static final RelativePath ROOT = new RelativePath("");

    public RelativePath {
        if (!isAllowed(characters)) {
            throw new IllegalArgumentException("not a path below a directory: " + FileNames.display(characters));
        }
    }

    /** The path with these bytes; for foreign bytes check with {@link #isAllowed} first. */
    public static RelativePath of(byte[] bytes) {
        return new RelativePath(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /** Whether this can be a path below a directory: no empty part, no {@code .} or {@code ..}, no NUL. */
    public static boolean isAllowed(String characters) {
        if (characters.isEmpty()) {
            return true;
        }
        int start = 0;
        for (int i = 0; i <= characters.length(); i++) {
            char c = i == characters.length() ? '/' : characters.charAt(i);
            if (c == 0 || c > 0xFF) {
                return false;
            }
            if (c == '/') {
                int length = i - start;
                boolean dots = characters.startsWith(length == 1 ? "." : "..", start);
                if (length == 0 || (length <= 2 && dots)) {
                    return false;
                }
                start = i + 1;
            }
        }
        return true;
    }

    /** The bytes. */
    public byte[] bytes() {
        return characters.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The path of an entry of this directory. */
    public RelativePath child(String name) {
        return new RelativePath(characters.isEmpty() ? name : characters + "/" + name);
    }

    /** The directory that holds this, {@link #ROOT} for an entry of the data directory. */
    public RelativePath parent() {
        int slash = characters.lastIndexOf('/');
        return slash < 0 ? ROOT : new RelativePath(characters.substring(0, slash));
    }

    /** The last part. */
    public String name() {
        return characters.substring(characters.lastIndexOf('/') + 1);
    }

    /** Whether this is below that directory, or is that directory. */
    public boolean isWithin(RelativePath directory) {
        return directory.characters.isEmpty()
                || characters.equals(directory.characters)
                || characters.startsWith(directory.characters + "/");
    }

    /** The file itself. */
    public Path in(Path dataDirectory) {
        return characters.isEmpty() ? dataDirectory : FileNames.resolve(dataDirectory, characters);
    }

    @Override
    public int compareTo(RelativePath other) {
        return characters.compareTo(other.characters); // all characters are below 256: the order of unsigned bytes
    }

    /** For people: bytes that are not UTF-8 and control characters appear as {@code \xNN}. */
    @Override
    public String toString() {
        return FileNames.display(characters);
    }
}
