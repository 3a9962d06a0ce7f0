package io.pgbk.restore.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Every change that a restore makes to a file system goes through here. Never follows a symbolic link at the end of a
 * path. Safe for use by many threads.
 */
final class Disk {
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final int PRIVATE_FILE_MODE = 0600;
    /** The JDK's O_DIRECT; by name, because its class is one of those that not every Java has. */
    private static final @Nullable OpenOption PAST_THE_CACHE = pastTheCache();

    private final @Nullable UserPrincipal owner;
    private final Consumer<String> beforeChange;
    private final @Nullable OpenOption pastTheCache;
    /** A file system said no to writing past the page cache; the others are not tried either. */
    private volatile boolean directRefused;

    private final TreeSync treeSync;

    /**
     * A disk.
     *
     * @param owner who shall own what is made, when that is another than the user of this process
     * @param beforeChange told of every change before it is made; what it throws prevents it and all later ones
     */
    Disk(@Nullable UserPrincipal owner, Consumer<String> beforeChange) {
        this(owner, beforeChange, TreeSync.ofThisSystem());
    }

    /** @param treeSync how a whole directory is made durable */
    Disk(@Nullable UserPrincipal owner, Consumer<String> beforeChange, TreeSync treeSync) {
        this(owner, beforeChange, PAST_THE_CACHE, treeSync);
    }

    /** @param pastTheCache how files are opened for {@link #openDirect}; null where that cannot be */
    Disk(@Nullable UserPrincipal owner, Consumer<String> beforeChange, @Nullable OpenOption pastTheCache) {
        this(owner, beforeChange, pastTheCache, TreeSync.ofThisSystem());
    }

    private Disk(
            @Nullable UserPrincipal owner,
            Consumer<String> beforeChange,
            @Nullable OpenOption pastTheCache,
            TreeSync treeSync) {
        this.owner = owner;
        this.beforeChange = beforeChange;
        this.pastTheCache = pastTheCache;
        this.treeSync = treeSync;
    }

    /** Root restores for the user that owns the directory, or the nearest one above it that is there; else null. */
    static @Nullable UserPrincipal ownerBelow(Path directory) {
        Path existing = directory;
        while (!Files.exists(existing)) {
            Path parent = existing.getParent();
            if (parent == null) {
                return null;
            }
            existing = parent;
        }
        try {
            UserPrincipal owner =
                    Files.readAttributes(existing, PosixFileAttributes.class).owner();
            boolean root = "root".equals(System.getProperty("user.name"));
            return root && !owner.getName().equals("root") ? owner : null;
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }

    /** Makes a directory unless it is there, and sets its mode; whatever else is in the way is removed. */
    void directory(Path path, int mode) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            beforeChange.accept("mkdir " + path);
            Files.deleteIfExists(path);
            Files.createDirectory(path, PRIVATE_DIRECTORY);
            own(path);
        }
        mode(path, mode);
    }

    /** Makes a directory and its parents unless they are there. */
    void directories(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return;
        }
        Path parent = path.getParent();
        if (parent != null) {
            directories(parent);
        }
        beforeChange.accept("mkdir " + path);
        Files.createDirectory(path, PRIVATE_DIRECTORY);
        own(path);
    }

    /** Opens a file for writing at any place, created when it is not there. */
    FileChannel open(Path path, int mode) throws IOException {
        return open(path, mode, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    }

    private FileChannel open(Path path, int mode, Set<OpenOption> options) throws IOException {
        beforeChange.accept("open " + path);
        FileChannel channel = FileChannel.open(path, options, PRIVATE_FILE);
        try {
            if (owner != null) {
                own(path);
            }
            if (mode != PRIVATE_FILE_MODE) {
                mode(path, mode);
            }
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Opens a file for writing whole blocks past the page cache.
     *
     * @return null where that cannot be: use {@link #open}
     */
    @Nullable FileChannel openDirect(Path path, int mode) throws IOException {
        OpenOption past = pastTheCache;
        if (directRefused || past == null) {
            return null;
        }
        try {
            return open(
                    path,
                    mode,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS, past));
        } catch (UnsupportedOperationException e) {
            directRefused = true;
            return null;
        } catch (FileSystemException e) {
            if (isRefusal(e)) {
                directRefused = true;
                return null;
            }
            throw e;
        }
    }

    /**
     * Writes to a channel from {@link #openDirect}.
     *
     * @return false, with the bytes that are left in the buffer, when the file system wants larger blocks than these:
     *     to be written another way
     */
    boolean writeDirect(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        beforeChange.accept("write");
        int start = bytes.position();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes, position + bytes.position() - start);
            }
            return true;
        } catch (IOException e) {
            if (isRefusal(e)) {
                directRefused = true;
                bytes.position(start);
                return false;
            }
            throw e;
        }
    }

    /** The system's EINVAL, or the JDK's own check of the alignment: no failure of the device. */
    private static boolean isRefusal(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("Invalid argument")
                || message.contains("not supported")
                || message.contains("multiple of the block size");
    }

    void write(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        beforeChange.accept("write");
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** Gives a file its length; what is added reads as zeros. */
    void length(FileChannel channel, long length) throws IOException {
        beforeChange.accept("truncate");
        long current = channel.size();
        if (current > length) {
            channel.truncate(length);
        } else if (current < length) {
            write(channel, ByteBuffer.wrap(new byte[1]), length - 1);
        }
    }

    /** Replaces a small file and makes its content durable. */
    void replace(Path path, byte[] content, int mode) throws IOException {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            deleteTree(path);
        }
        try (FileChannel channel = open(
                path,
                mode,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        LinkOption.NOFOLLOW_LINKS))) {
            write(channel, ByteBuffer.wrap(content), 0);
            channel.force(true);
        }
        mode(path, mode);
    }

    void rename(Path from, Path to) throws IOException {
        beforeChange.accept("rename " + from + " to " + to);
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    void symlink(Path link, Path target) throws IOException {
        beforeChange.accept("symlink " + link);
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, target);
        own(link);
    }

    void delete(Path path) throws IOException {
        beforeChange.accept("delete " + path);
        Files.deleteIfExists(path);
    }

    /** Removes a file, link or directory with all that is in it; links are not followed. */
    void deleteTree(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (var children = Files.newDirectoryStream(path)) {
                for (Path child : children) {
                    deleteTree(child);
                }
            }
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            delete(path);
        }
    }

    /** Sets permission bits where they differ. */
    void mode(Path path, int mode) throws IOException {
        Set<PosixFilePermission> wanted = permissions(mode);
        if (!Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS).equals(wanted)) {
            beforeChange.accept("chmod " + path);
            Files.setPosixFilePermissions(path, wanted);
        }
    }

    /** Makes a directory's entries durable. */
    void syncDirectory(Path path) throws IOException {
        beforeChange.accept("fsync " + path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (NoSuchFileException e) {
            throw new IOException("directory " + path + " vanished", e);
        }
    }

    /** Makes everything below a directory durable. */
    void syncTree(Path root) throws IOException {
        beforeChange.accept("sync " + root);
        treeSync.sync(root);
    }

    private void own(Path path) throws IOException {
        if (owner != null) {
            Files.setAttribute(path, "posix:owner", owner, LinkOption.NOFOLLOW_LINKS);
        }
    }

    private static @Nullable OpenOption pastTheCache() {
        try {
            for (Object option :
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (option instanceof OpenOption open && open.toString().equals("DIRECT")) {
                    return open;
                }
            }
        } catch (ClassNotFoundException e) {
            // Everything goes through the cache then.
        }
        return null;
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        // In the order of the enum: owner read, write, execute, then group's, then others'.
        PosixFilePermission[] all = PosixFilePermission.values();
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < all.length; i++) {
            if ((mode & (0400 >> i)) != 0) {
                set.add(all[i]);
            }
        }
        return set;
    }
}
