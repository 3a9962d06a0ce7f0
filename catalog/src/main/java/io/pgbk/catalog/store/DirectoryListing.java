package io.pgbk.catalog.store;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Walks a directory store in the order of its keys. Holds one directory per level in memory. Entries that cannot be
 * objects (temporary files, links, names outside of the rules for keys) are passed over.
 */
final class DirectoryListing implements Iterator<ObjectInfo> {
    private final Path root;
    private final String prefix;
    private final String after;
    private final Deque<Iterator<String>> levels = new ArrayDeque<>();
    private @Nullable ObjectInfo next;

    /** Keys that start with {@code prefix} and sort after {@code after}. */
    DirectoryListing(Path root, String prefix, String after) {
        this.root = root;
        this.prefix = prefix;
        this.after = after;
        // A prefix names a directory up to its last slash; only that one is walked.
        levels.push(children(prefix.substring(0, prefix.lastIndexOf('/') + 1)).iterator());
        next = advance();
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public ObjectInfo next() {
        ObjectInfo current = next;
        if (current == null) {
            throw new NoSuchElementException();
        }
        next = advance();
        return current;
    }

    private @Nullable ObjectInfo advance() {
        while (!levels.isEmpty()) {
            Iterator<String> level = levels.element();
            if (!level.hasNext()) {
                levels.remove();
                continue;
            }
            String key = level.next();
            if (key.endsWith("/")) {
                boolean mayMatch = key.startsWith(prefix) || prefix.startsWith(key);
                boolean mayFollow = key.compareTo(after) > 0 || after.startsWith(key);
                if (mayMatch && mayFollow) {
                    levels.push(children(key).iterator());
                }
            } else if (key.startsWith(prefix) && key.compareTo(after) > 0) {
                ObjectInfo found = look(key);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private @Nullable ObjectInfo look(String key) {
        try {
            BasicFileAttributes attributes = attributes(root.resolve(key));
            return attributes.isRegularFile() ? new ObjectInfo(key, attributes.size()) : null;
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "list object " + key, e);
        }
    }

    /** Keys of one directory in ascending order; subdirectories end in a slash and sort by it, as their content does. */
    private List<String> children(String directoryKey) {
        List<String> keys = new ArrayList<>();
        Path directory = root.resolve(directoryKey);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            if (attributes(directory).isSymbolicLink() && !directory.equals(root)) {
                return keys;
            }
            for (Path entry : entries) {
                String key = directoryKey + entry.getFileName();
                if (Keys.isValid(key)) {
                    keys.add(Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS) ? key + "/" : key);
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            if (!Files.isDirectory(root)) {
                throw DirectoryFailures.missingRoot(root);
            }
            return keys;
        } catch (DirectoryIteratorException e) {
            throw DirectoryFailures.of(root, "list directory " + directoryKey, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "list directory " + directoryKey, e);
        }
        Collections.sort(keys);
        return keys;
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    /** The next parts below a prefix that is empty or ends in a slash; directories only when an object is in them. */
    static List<String> children(Path root, String prefix) {
        List<String> found = new ArrayList<>();
        DirectoryListing top = new DirectoryListing(root, prefix, "");
        for (String key : top.children(prefix)) {
            boolean holdsObject =
                    key.endsWith("/") ? new DirectoryListing(root, key, "").hasNext() : top.look(key) != null;
            if (holdsObject) {
                found.add(key.substring(prefix.length()));
            }
        }
        return found;
    }
}
