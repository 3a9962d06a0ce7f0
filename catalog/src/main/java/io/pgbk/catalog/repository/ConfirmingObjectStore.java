package io.pgbk.catalog.repository;

import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectLocking;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.catalog.store.StoreProbe;
import io.pgbk.catalog.store.Versioning;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * A store that was found to accept an object with a wrong digest: everything written is read back and compared before
 * it counts as written.
 */
final class ConfirmingObjectStore implements ObjectStore {
    private static final int BUFFER_BYTES = 256 << 10;

    private final ObjectStore store;

    private ConfirmingObjectStore(ObjectStore store) {
        this.store = store;
    }

    static ObjectStore wrapIf(boolean confirm, ObjectStore store) {
        return confirm ? new ConfirmingObjectStore(store) : store;
    }

    @Override
    public String displayName() {
        return store.displayName();
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        CreateOutcome outcome = store.create(key, body);
        if (outcome == CreateOutcome.CREATED) {
            confirm(key, body.length(), body.sha256());
        }
        return outcome;
    }

    @Override
    public ObjectUpload upload(String key) {
        return new ConfirmedUpload(key, store.upload(key));
    }

    @Override
    public ObjectUpload upload(String key, Buffers buffers) {
        return new ConfirmedUpload(key, store.upload(key, buffers));
    }

    @Override
    public long uploadBufferBytes() {
        return store.uploadBufferBytes();
    }

    private void confirm(String key, long length, byte[] sha256) {
        MessageDigest digest = Digests.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream stored = store.read(key, 0, length)) {
            for (int read = stored.read(buffer); read >= 0; read = stored.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        } catch (IOException e) {
            throw new PgbkException(
                    ErrorCode.REPOSITORY_UNREACHABLE, "object " + key + " could not be read back", null, e);
        }
        if (!MessageDigest.isEqual(digest.digest(), sha256)) {
            throw new PgbkException(
                    ErrorCode.OBJECT_DAMAGED,
                    "object " + key + " in " + displayName() + " is not what was just written",
                    "The store or the network damages data and the store does not check digests; do not use it.");
        }
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        return store.read(key, offset, length);
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        return store.readAll(key, maxBytes);
    }

    @Override
    public OptionalLong findLength(String key) {
        return store.findLength(key);
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        return store.list(prefix, after);
    }

    @Override
    public List<String> listChildren(String prefix) {
        return store.listChildren(prefix);
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        return store.delete(keys);
    }

    @Override
    public int contentNumber(String key) {
        return store.contentNumber(key);
    }

    @Override
    public boolean passOver(String key, int contentNumber) {
        return store.passOver(key, contentNumber);
    }

    @Override
    public boolean isMarkedDeleted(String key) {
        return store.isMarkedDeleted(key);
    }

    @Override
    public Optional<ObjectLocking> objectLocking() {
        return store.objectLocking();
    }

    @Override
    public Optional<String> defaultRetention() {
        return store.defaultRetention();
    }

    @Override
    public Versioning versioning() {
        return store.versioning();
    }

    @Override
    public Instant currentTime() {
        return store.currentTime();
    }

    @Override
    public StoreProbe probe(String prefix) {
        return store.probe(prefix);
    }

    @Override
    public void close() {
        store.close();
    }

    private final class ConfirmedUpload implements ObjectUpload {
        private final String key;
        private final ObjectUpload upload;
        private final MessageDigest digest = Digests.sha256();

        ConfirmedUpload(String key, ObjectUpload upload) {
            this.key = key;
            this.upload = upload;
        }

        @Override
        public void write(ByteBuffer bytes) {
            digest.update(bytes.duplicate());
            upload.write(bytes);
        }

        @Override
        public long length() {
            return upload.length();
        }

        @Override
        public boolean completeIf(BooleanSupplier still) {
            if (!upload.completeIf(still)) {
                return false;
            }
            confirm(key, upload.length(), digest.digest());
            return true;
        }

        @Override
        public void close() {
            upload.close();
        }
    }
}
