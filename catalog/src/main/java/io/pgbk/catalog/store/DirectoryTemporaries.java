package io.pgbk.catalog.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;

/**
 * The files that become objects, while they are being written: directly below the root, so that they can be linked to
 * any key. What a killed process left is removed after {@link #LEFTOVER_AGE}, by the file system's own clock.
 */
final class DirectoryTemporaries {
    /** No key part starts like this. */
    static final String NAME_PREFIX = ".pgbk-tmp";

    /** Longer than any upload of one object. */
    private static final Duration LEFTOVER_AGE = Duration.ofDays(7);

    private static final Set<OpenOption> NEW_FILE =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);

    private final DirectoryTree tree;
    private final SecureRandom random;

    DirectoryTemporaries(DirectoryTree tree, SecureRandom random) {
        this.tree = tree;
        this.random = random;
    }

    /** A new empty file and the channel that writes it. */
    record Temporary(Path path, FileChannel channel) {
        /** Removes the name; the content lives on under the key that it was linked to. */
        void discard() {
            try {
                channel.close();
                Files.deleteIfExists(path);
            } catch (IOException e) {
                // A leftover is invisible to readers and removed later.
            }
        }
    }

    Temporary create() throws IOException {
        byte[] name = new byte[12];
        random.nextBytes(name);
        Path path = tree.root().resolve(NAME_PREFIX + "-" + HexFormat.of().formatHex(name));
        FileChannel channel = FileChannel.open(path, NEW_FILE, tree.fileAttribute());
        tree.share(path);
        return new Temporary(path, channel);
    }

    /** The file system's clock, which on a network file system is the server's. */
    Instant currentTime() throws IOException {
        Temporary temporary = create();
        try {
            return modified(temporary.path()).toInstant();
        } finally {
            temporary.discard();
        }
    }

    /** Removes what killed processes left behind long ago. */
    void removeLeftovers() throws IOException {
        Instant limit = currentTime().minus(LEFTOVER_AGE);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(tree.root(), NAME_PREFIX + "*")) {
            for (Path file : files) {
                try {
                    if (modified(file).toInstant().isBefore(limit)) {
                        Files.delete(file);
                    }
                } catch (NoSuchFileException e) {
                    // Its owner finished.
                }
            }
        }
    }

    private static FileTime modified(Path file) throws IOException {
        return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
    }
}
