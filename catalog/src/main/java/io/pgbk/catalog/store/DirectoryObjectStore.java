package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Objects as files below a directory. An object is written to a temporary file, synced, and given its name by link(2),
 * which fails when the name exists; then the directory is synced. So a name never shows a partial object, also after a
 * power failure, and creation is exclusive between all hosts that mount the file system.
 */
final class DirectoryObjectStore implements ObjectStore {
    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    private static final int COPY_BUFFER_BYTES = 256 << 10;

    private final Path root;
    private final String displayName;
    private final DirectoryTree tree;
    private final DirectoryTemporaries temporaries;
    private final AtomicBoolean leftoversRemoved = new AtomicBoolean();

    private DirectoryObjectStore(Path root, String displayName, DirectoryTree tree) {
        this.root = root;
        this.displayName = displayName;
        this.tree = tree;
        temporaries = new DirectoryTemporaries(tree, new SecureRandom());
    }

    static DirectoryObjectStore open(DirectoryStoreConfig config) {
        if (!Files.isDirectory(config.directory())) {
            throw DirectoryFailures.missingRoot(config.directory());
        }
        try {
            Path root = config.directory().toRealPath();
            return new DirectoryObjectStore(root, config.displayName(), new DirectoryTree(root, groupOf(config)));
        } catch (IOException e) {
            throw DirectoryFailures.of(config.directory(), "open the repository", e);
        }
    }

    @org.jspecify.annotations.Nullable private static GroupPrincipal groupOf(DirectoryStoreConfig config) {
        String group = config.group();
        if (group == null) {
            return null;
        }
        try {
            return config.directory()
                    .getFileSystem()
                    .getUserPrincipalLookupService()
                    .lookupPrincipalByGroupName(group);
        } catch (IOException e) {
            throw new PgbkException(ErrorCode.CONFIGURATION, "there is no group " + group, null, e);
        }
    }

    @Override
    public String displayName() {
        return displayName;
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        Keys.check(key);
        try {
            DirectoryTemporaries.Temporary temporary = temporaries.create();
            try {
                write(temporary.channel(), body);
                temporary.channel().force(true);
                return publish(temporary.path(), key) ? CreateOutcome.CREATED : compare(key, body);
            } finally {
                temporary.discard();
            }
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "create object " + key, e);
        }
    }

    private static void write(FileChannel channel, ObjectBody body) throws IOException {
        long written = 0;
        try (InputStream content = body.open()) {
            byte[] buffer = new byte[(int) Math.min(Math.max(body.length(), 1), COPY_BUFFER_BYTES)];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
                while (bytes.hasRemaining()) {
                    written += channel.write(bytes);
                }
            }
        }
        if (written != body.length()) {
            throw new IllegalStateException("body of " + body.length() + " bytes gave " + written);
        }
    }

    /** Gives the synced file its name, durably; false when the name exists. */
    boolean publish(Path file, String key) throws IOException {
        Path target = tree.resolve(key);
        for (int attempt = 0; ; attempt++) {
            tree.makeParents(target);
            try {
                Files.createLink(target, file);
                DirectoryTree.sync(DirectoryTree.parent(target));
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            } catch (NoSuchFileException e) {
                // A deletion next door removed the directory while it was still empty.
                if (attempt == 100 || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    throw e;
                }
            } catch (UnsupportedOperationException e) {
                throw new PgbkException(
                        ErrorCode.STORE_UNSAFE,
                        "the file system of " + root + " has no hard links",
                        "Use a file system with link(2); exclusive creation is built on it.",
                        e);
            }
        }
    }

    private CreateOutcome compare(String key, ObjectBody body) throws IOException {
        Path path = tree.resolve(key);
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED, "object " + key + " in " + displayName + " is not a regular file");
        }
        try (FileChannel channel = FileChannel.open(path, READ);
                InputStream stored = new FileRangeStream(channel, key, displayName, 0, channel.size());
                InputStream wanted = body.open()) {
            if (channel.size() != body.length() || !Contents.areEqual(stored, wanted)) {
                return CreateOutcome.EXISTS;
            }
        }
        // Its writer may have died before it was durable.
        DirectoryTree.sync(path);
        DirectoryTree.sync(DirectoryTree.parent(path));
        return CreateOutcome.CREATED;
    }

    @Override
    public ObjectUpload upload(String key) {
        Keys.check(key);
        try {
            if (leftoversRemoved.compareAndSet(false, true)) {
                temporaries.removeLeftovers();
            }
            return new DirectoryUpload(this, key, temporaries.create());
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "upload object " + key, e);
        }
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        Keys.check(key);
        if (offset < 0 || length < 0) {
            throw new IllegalArgumentException("no valid range: " + offset + "+" + length);
        }
        FileChannel channel = openForReading(key);
        try {
            long size = channel.size();
            if (length > size || offset > size - length) {
                throw Contents.rangePastEnd(key, displayName, offset, length, size);
            }
            return new FileRangeStream(channel, key, displayName, offset, length);
        } catch (IOException e) {
            closeQuietly(channel);
            throw DirectoryFailures.of(root, "read object " + key, e);
        } catch (RuntimeException e) {
            closeQuietly(channel);
            throw e;
        }
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It was only read.
        }
    }

    private FileChannel openForReading(String key) {
        try {
            Path path = tree.resolve(key);
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (attributes.isDirectory()) {
                throw new ObjectMissingException(key, displayName);
            }
            if (!attributes.isRegularFile()) {
                throw new PgbkException(
                        ErrorCode.OBJECT_DAMAGED, "object " + key + " in " + displayName + " is not a regular file");
            }
            return FileChannel.open(path, READ);
        } catch (NoSuchFileException | NotDirectoryException e) {
            requireRoot();
            throw new ObjectMissingException(key, displayName);
        } catch (FileSystemLoopException e) {
            throw new PgbkException(ErrorCode.STORE_UNSAFE, key + " is a symbolic link in " + displayName, null, e);
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "read object " + key, e);
        }
    }

    private void requireRoot() {
        if (!Files.isDirectory(root)) {
            throw DirectoryFailures.missingRoot(root);
        }
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        Keys.check(key);
        try (FileChannel channel = openForReading(key)) {
            long size = channel.size();
            if (size > maxBytes) {
                throw Contents.tooLong(key, displayName, size, maxBytes);
            }
            try (InputStream content = new FileRangeStream(channel, key, displayName, 0, size)) {
                return content.readAllBytes();
            }
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "read object " + key, e);
        }
    }

    @Override
    public OptionalLong findLength(String key) {
        Keys.check(key);
        try (FileChannel channel = openForReading(key)) {
            return OptionalLong.of(channel.size());
        } catch (ObjectMissingException e) {
            return OptionalLong.empty();
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "read object " + key, e);
        }
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        return new DirectoryListing(root, Keys.checkPrefix(prefix), after);
    }

    @Override
    public List<String> listChildren(String prefix) {
        return DirectoryListing.children(root, Keys.checkDirectory(prefix));
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        keys.forEach(Keys::check);
        requireRoot();
        List<DeleteFailure> failures = new ArrayList<>();
        for (String key : keys) {
            try {
                Path path = tree.resolve(key);
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                if (Files.deleteIfExists(path)) {
                    tree.pruneParents(path);
                }
            } catch (NotDirectoryException e) {
                // A part of the key is an object: the key itself does not exist.
            } catch (IOException e) {
                failures.add(new DeleteFailure(key, e.toString()));
            }
        }
        return failures;
    }

    @Override
    public int contentNumber(String key) {
        return 0;
    }

    @Override
    public boolean passOver(String key, int contentNumber) {
        return false;
    }

    @Override
    public boolean isMarkedDeleted(String key) {
        return false;
    }

    @Override
    public Optional<ObjectLocking> objectLocking() {
        return Optional.empty();
    }

    @Override
    public Instant currentTime() {
        try {
            return temporaries.currentTime();
        } catch (IOException e) {
            throw DirectoryFailures.of(root, "write a file", e);
        }
    }

    @Override
    public StoreProbe probe(String prefix) {
        String key = Contents.probeKey(prefix, new SecureRandom());
        try {
            boolean first = create(key, new BytesBody(new byte[] {1})) == CreateOutcome.CREATED;
            boolean refused = create(key, new BytesBody(new byte[] {2})) == CreateOutcome.EXISTS;
            boolean kept = readAll(key, 1)[0] == 1;
            // Files are compared with their digests when they are read; the kernel takes no digest to check.
            return new StoreProbe(
                    first && refused && kept, true, findLength(key + "-missing").isEmpty(), false);
        } finally {
            delete(List.of(key));
        }
    }

    /** For uploads: what a failure means. */
    PgbkException failure(String action, IOException cause) {
        return DirectoryFailures.of(root, action, cause);
    }

    @Override
    public void close() {
        // Holds nothing open.
    }
}
