package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.layout.ClusterName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * The packs' indexes that a cluster's backups in one repository need again, in files below the spool directory:
 * {@code digests/<repository id>/<cluster>/<name>}. What is in them is encrypted as it is in the repository.
 *
 * <p>A file is named by a digest over the repository, the pack's path, length and header, and the SHA-256 that the
 * manifest has of it; it begins with a digest over its name and what follows, so that a file of another pack, a torn or a
 * changed one is no file. Every failure means that there is none: files may be removed at any time, by anybody.
 *
 * <p>Directories are made for their owner alone, and those of others are not used.
 */
public final class PackTailFiles implements PackTails {
    private static final String FOLDER = "digests";
    private static final String MEANING = "pgbk pack tail 1";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}(\\.[0-9]+-[0-9]+\\.tmp)?");
    private static final Set<PosixFilePermission> OWN_DIRECTORY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OWN_FILE = PosixFilePermissions.fromString("rw-------");

    /** Twice the largest index of a pack that pgbk writes. */
    static final int MAX_TAIL_BYTES = 32 << 20;

    /** What Java copies through outside of its heap. */
    private static final int PIECE_BYTES = 128 << 10;

    /** A tenth of the file system stays free, of a big one so much. */
    private static final long MOST_KEPT_FREE = 4L << 30;

    private static final AtomicLong TEMPORARIES = new AtomicLong();

    private final Path directory;
    private final RepositoryId repository;
    private final long limitBytes;
    private final Room room;
    private OptionalLong bytes = OptionalLong.empty();

    /** How many bytes may be written to the file system of a directory. */
    @FunctionalInterface
    interface Room {
        long bytes(Path directory) throws IOException;
    }

    PackTailFiles(Path directory, RepositoryId repository, long limitBytes, Room room) {
        this.directory = directory;
        this.repository = repository;
        this.limitBytes = limitBytes;
        this.room = room;
    }

    /**
     * Those of a cluster in a repository; {@link PackTails#NONE} when the spool directory does not exist, or cannot be
     * used.
     *
     * @param limitBytes the most that they take; 0 for none
     */
    public static PackTails in(Path spool, RepositoryId repository, ClusterName cluster, long limitBytes) {
        if (limitBytes == 0 || !Files.isDirectory(spool)) {
            return PackTails.NONE;
        }
        try {
            Path directory = spool;
            for (String name : new String[] {FOLDER, repository.toString(), cluster.value()}) {
                directory = directory.resolve(name);
                makeOwn(directory);
            }
            return new PackTailFiles(directory, repository, limitBytes, PackTailFiles::roomOf);
        } catch (IOException e) {
            return PackTails.NONE;
        }
    }

    /** Only its owner can set a directory's mode. */
    private static void makeOwn(Path directory) throws IOException {
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWN_DIRECTORY));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
            if (!Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS)
                    .equals(OWN_DIRECTORY)) {
                Files.setPosixFilePermissions(directory, OWN_DIRECTORY);
            }
        }
    }

    private static long roomOf(Path directory) throws IOException {
        FileStore disk = Files.getFileStore(directory);
        return disk.getUsableSpace() - Math.min(disk.getTotalSpace() / 10, MOST_KEPT_FREE);
    }

    /** Where they lie. */
    Path directory() {
        return directory;
    }

    @Override
    public Optional<byte[]> find(PackRef pack) {
        byte[] identity = identity(pack);
        Path file = file(identity);
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            long length = attributes.size() - Digests.SHA256_BYTES;
            if (attributes.isRegularFile() && length > 0 && length <= Math.min(MAX_TAIL_BYTES, pack.length())) {
                Optional<byte[]> tail = read(file, identity, (int) length);
                if (tail.isPresent()) {
                    return tail;
                }
            }
        } catch (NoSuchFileException | ClosedByInterruptException e) {
            return Optional.empty();
        } catch (IOException e) {
            // Of no use; a new one may be.
        }
        drop(pack);
        return Optional.empty();
    }

    private static Optional<byte[]> read(Path file, byte[] identity, int length) throws IOException {
        byte[] check = new byte[Digests.SHA256_BYTES];
        byte[] tail = new byte[length];
        try (SeekableByteChannel channel =
                Files.newByteChannel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            boolean whole = fill(channel, check) && fill(channel, tail);
            return whole && Arrays.equals(check, check(identity, tail)) ? Optional.of(tail) : Optional.empty();
        }
    }

    private static boolean fill(SeekableByteChannel channel, byte[] target) throws IOException {
        for (int at = 0; at < target.length; ) {
            int got = channel.read(ByteBuffer.wrap(target, at, Math.min(PIECE_BYTES, target.length - at)));
            if (got <= 0) {
                return false;
            }
            at += got;
        }
        return true;
    }

    @Override
    public void keep(PackRef pack, byte[] tail) {
        long size = (long) Digests.SHA256_BYTES + tail.length;
        if (tail.length == 0 || tail.length > MAX_TAIL_BYTES || !takeRoom(size)) {
            return;
        }
        byte[] identity = identity(pack);
        Path file = file(identity);
        Path temporary = file.resolveSibling(file.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + TEMPORARIES.incrementAndGet() + ".tmp");
        try {
            write(temporary, check(identity, tail), tail);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            giveRoom(size);
            delete(temporary);
        }
    }

    private static void write(Path file, byte[]... parts) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(OWN_FILE))) {
            for (byte[] part : parts) {
                for (int at = 0; at < part.length; ) {
                    at += channel.write(ByteBuffer.wrap(part, at, Math.min(PIECE_BYTES, part.length - at)));
                }
            }
        }
    }

    private synchronized boolean takeRoom(long size) {
        try {
            long taken = bytes.isPresent() ? bytes.getAsLong() : count();
            bytes = OptionalLong.of(taken);
            if (size > limitBytes - taken || size > room.bytes(directory)) {
                return false;
            }
            bytes = OptionalLong.of(taken + size);
            return true;
        } catch (IOException | DirectoryIteratorException e) {
            return false;
        }
    }

    private synchronized void giveRoom(long size) {
        bytes = bytes.isPresent() ? OptionalLong.of(bytes.getAsLong() - size) : bytes;
    }

    private long count() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                try {
                    sum += Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .size();
                } catch (NoSuchFileException e) {
                    // Somebody removed it in between.
                }
            }
        }
        return sum;
    }

    @Override
    public void drop(PackRef pack) {
        delete(file(identity(pack)));
    }

    @Override
    public void keepOnly(Collection<PackRef> packs) {
        Set<String> wanted = new HashSet<>();
        for (PackRef pack : packs) {
            wanted.add(HexFormat.of().formatHex(identity(pack)));
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                // Also what killed processes left half written.
                if (NAME.matcher(name).matches() && !wanted.contains(name)) {
                    delete(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // The next backup removes the rest.
        }
        synchronized (this) {
            bytes = OptionalLong.empty();
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // It is looked at again, and is of no use again.
        }
    }

    private Path file(byte[] identity) {
        return directory.resolve(HexFormat.of().formatHex(identity));
    }

    /** Says which pack of which repository, in which of all contents that could ever have its path. */
    private byte[] identity(PackRef pack) {
        MessageDigest digest = Digests.sha256();
        digest.update(MEANING.getBytes(StandardCharsets.US_ASCII));
        digest.update(repository.value().toArray());
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, pack.length()).array());
        digest.update(pack.sha256().toArray());
        digest.update(Digests.sha256(Bytes.utf8(pack.path()).toArray()));
        digest.update(Digests.sha256(pack.header().toArray()));
        return digest.digest();
    }

    private static byte[] check(byte[] identity, byte[] tail) {
        MessageDigest digest = Digests.sha256();
        digest.update(identity);
        digest.update(tail);
        return digest.digest();
    }
}
