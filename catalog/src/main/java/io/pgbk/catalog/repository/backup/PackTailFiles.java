package io.pgbk.catalog.repository.backup;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.RepositoryId;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.format.pack.PackTails;
import io.pgbk.catalog.repository.layout.ClusterName;
import io.pgbk.task.TaskMonitor;
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
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * The packs' indexes that a cluster's backups in one repository need again, in files below the spool directory:
 * {@code digests/<repository id>/<cluster>/<name>}. What is in them is encrypted as it is in the repository.
 *
 * <p>A file is named by a digest over the repository, the pack's path, length and header, and the SHA-256 that the
 * manifest has of it; it begins with a digest over its name and what follows, so that a file of another pack, a torn or a
 * changed one is no file. Every failure means that there is none: files may be removed at any time, by anybody.
 *
 * <p>Directories are made for their owner alone when there is something to keep, and those of others are not used.
 */
public final class PackTailFiles implements PackTails {
    private static final String FOLDER = "digests";
    private static final String MEANING = "pgbk pack tail 1";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}(\\.[0-9]+-[0-9a-f]+\\.tmp)?");
    private static final Set<PosixFilePermission> OWN_FILE = PosixFilePermissions.fromString("rw-------");

    /** Twice the largest index of a pack that pgbk writes. */
    static final int MAX_TAIL_BYTES = 32 << 20;

    /** What Java copies through outside of its heap. */
    private static final int PIECE_BYTES = 128 << 10;

    /** A tenth of the file system stays free, of a big one so much. */
    private static final long MOST_KEPT_FREE = 4L << 30;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final OwnDirectories directories;
    private final Path directory;
    private final RepositoryId repository;
    private final long limitBytes;
    private final Room room;
    private final LongSupplier random;
    private final TaskMonitor monitor;
    private State state;
    private OptionalLong bytes = OptionalLong.empty();

    /** What is known of the directories. */
    private enum State {
        /** They are made when there is something to keep. */
        ABSENT,
        /** Whoever removes them now has his reasons. */
        PRESENT,
        REFUSED
    }

    /** How many bytes may be written to the file system of a directory. */
    @FunctionalInterface
    interface Room {
        long bytes(Path directory) throws IOException;
    }

    /** @throws IOException when a directory must not be used */
    PackTailFiles(
            OwnDirectories directories,
            RepositoryId repository,
            long limitBytes,
            Room room,
            LongSupplier random,
            TaskMonitor monitor)
            throws IOException {
        this.directories = directories;
        this.directory = directories.innermost();
        this.repository = repository;
        this.limitBytes = limitBytes;
        this.room = room;
        this.random = random;
        this.monitor = monitor;
        this.state = directories.arePresent() ? State.PRESENT : State.ABSENT;
    }

    /**
     * Those of a cluster in a repository; {@link PackTails#NONE} when the spool directory does not exist, or cannot be
     * used, which the monitor hears of. Nothing is made before there is something to keep.
     *
     * @param limitBytes the most that they take; 0 for none: what is left of former times goes with the next
     *     {@link #keepOnly}
     */
    public static PackTails in(
            Path spool, RepositoryId repository, ClusterName cluster, long limitBytes, TaskMonitor monitor) {
        if (!Files.isDirectory(spool)) {
            return PackTails.NONE;
        }
        try {
            PackTailFiles files = new PackTailFiles(
                    directories(spool, repository, cluster),
                    repository,
                    limitBytes,
                    PackTailFiles::roomOf,
                    RANDOM::nextLong,
                    monitor);
            return files.isOn() || files.arePresent() ? files : PackTails.NONE;
        } catch (IOException e) {
            if (limitBytes > 0) {
                tell(monitor, e);
            }
            return PackTails.NONE;
        }
    }

    /** @throws IOException when it is not known whose process this is */
    static OwnDirectories directories(Path spool, RepositoryId repository, ClusterName cluster) throws IOException {
        return OwnDirectories.ofThisProcess(spool, List.of(FOLDER, repository.toString(), cluster.value()));
    }

    private static void tell(TaskMonitor monitor, IOException why) {
        monitor.debug("page digests are not kept on this host: " + why.getMessage());
    }

    private synchronized boolean arePresent() {
        return state == State.PRESENT;
    }

    private synchronized boolean makeDirectories() {
        if (state == State.ABSENT) {
            try {
                directories.make();
                state = State.PRESENT;
            } catch (IOException e) {
                state = State.REFUSED;
                tell(monitor, e);
            }
        }
        return state == State.PRESENT;
    }

    @Override
    public boolean isOn() {
        return limitBytes > 0;
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
        if (!isOn() || !arePresent()) {
            return Optional.empty();
        }
        byte[] identity = identity(pack);
        Path file = file(identity);
        try {
            BasicFileAttributes attributes = attributes(file);
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
        if (tail.length == 0 || tail.length > MAX_TAIL_BYTES || !isOn() || !makeDirectories() || !takeRoom(size)) {
            return;
        }
        byte[] identity = identity(pack);
        Path file = file(identity);
        // Process ids of two containers may be one.
        Path temporary = file.resolveSibling(file.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + HexFormat.of().toHexDigits(random.getAsLong()) + ".tmp");
        try {
            write(temporary, check(identity, tail), tail);
        } catch (FileAlreadyExistsException e) {
            // Somebody else writes it.
            giveRoom(size);
            return;
        } catch (IOException e) {
            giveRoom(size);
            delete(temporary);
            return;
        }
        try {
            replace(file, temporary);
        } catch (IOException e) {
            giveRoom(size);
            delete(temporary);
        }
    }

    private synchronized void replace(Path file, Path temporary) throws IOException {
        long before = sizeOf(file);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        giveRoom(before);
    }

    private static long sizeOf(Path file) throws IOException {
        try {
            return attributes(file).size();
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
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
        bytes = bytes.isPresent() ? OptionalLong.of(Math.max(0, bytes.getAsLong() - size)) : bytes;
    }

    private long count() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                sum += sizeOf(file);
            }
        }
        return sum;
    }

    @Override
    public void drop(PackRef pack) {
        if (arePresent()) {
            remove(file(identity(pack)));
        }
    }

    private synchronized void remove(Path file) {
        try {
            long size = sizeOf(file);
            if (Files.deleteIfExists(file)) {
                giveRoom(size);
            }
        } catch (IOException e) {
            // It is looked at again, and is of no use again.
        }
    }

    @Override
    public void keepOnly(Collection<PackRef> packs) {
        if (!arePresent()) {
            return;
        }
        Set<String> wanted = new HashSet<>();
        for (PackRef pack : packs) {
            wanted.add(HexFormat.of().formatHex(identity(pack)));
        }
        try {
            removeAllBut(wanted);
            if (!isOn()) {
                Files.deleteIfExists(directory);
            }
        } catch (IOException | DirectoryIteratorException e) {
            // The next backup removes the rest.
        }
        synchronized (this) {
            bytes = OptionalLong.empty();
        }
    }

    /** Also what killed processes left half written, and what a limit that was lowered leaves no room for. */
    private void removeAllBut(Set<String> wanted) throws IOException {
        long taken = 0;
        SortedMap<String, Long> sizes = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                if (!NAME.matcher(name).matches() || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    taken += sizeOf(file);
                } else if (wanted.contains(name)) {
                    sizes.put(name, sizeOf(file));
                } else {
                    delete(file);
                }
            }
        }
        for (var file : sizes.entrySet()) {
            if (file.getValue() > limitBytes - taken) {
                delete(directory.resolve(file.getKey()));
            } else {
                taken += file.getValue();
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The next backup tries again.
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
