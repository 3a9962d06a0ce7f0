package io.pgbk.catalog.format;

import io.pgbk.catalog.store.CreateOutcome;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectBody;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.catalog.store.ObjectLocking;
import io.pgbk.catalog.store.ObjectMissingException;
import io.pgbk.catalog.store.ObjectStore;
import io.pgbk.catalog.store.ObjectUpload;
import io.pgbk.catalog.store.StoreProbe;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/** Objects in memory, so that thousands of damaged variants can be tried; counts the reads. */
public final class MemoryStore implements ObjectStore {
    private final TreeMap<String, byte[]> objects = new TreeMap<>();
    private int reads;

    /** The stored bytes themselves, for damaging them. */
    public byte[] get(String key) {
        byte[] content = objects.get(key);
        if (content == null) {
            throw new ObjectMissingException(key, displayName());
        }
        return content;
    }

    public void put(String key, byte[] content) {
        objects.put(key, content.clone());
    }

    public int reads() {
        return reads;
    }

    @Override
    public String displayName() {
        return "memory";
    }

    @Override
    public CreateOutcome create(String key, ObjectBody body) {
        if (objects.containsKey(key)) {
            return CreateOutcome.EXISTS;
        }
        try (InputStream input = body.open()) {
            objects.put(key, input.readAllBytes());
            return CreateOutcome.CREATED;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public ObjectUpload upload(String key) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        return new ObjectUpload() {
            @Override
            public void write(ByteBuffer part) {
                byte[] copy = new byte[part.remaining()];
                part.get(copy);
                bytes.writeBytes(copy);
            }

            @Override
            public long length() {
                return bytes.size();
            }

            @Override
            public boolean completeIf(BooleanSupplier still) {
                boolean may = still.getAsBoolean();
                if (may) {
                    objects.put(key, bytes.toByteArray());
                }
                return may;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        reads++;
        byte[] content = get(key);
        if (offset < 0 || length < 0 || length > content.length - offset) {
            throw new PgbkException(ErrorCode.OBJECT_DAMAGED, "object " + key + " is shorter than asked for");
        }
        return new ByteArrayInputStream(content, (int) offset, (int) length);
    }

    @Override
    public byte[] readAll(String key, int maxBytes) {
        return get(key).clone();
    }

    @Override
    public OptionalLong findLength(String key) {
        byte[] content = objects.get(key);
        return content == null ? OptionalLong.empty() : OptionalLong.of(content.length);
    }

    @Override
    public Iterator<ObjectInfo> list(String prefix, String after) {
        List<ObjectInfo> found = new ArrayList<>();
        objects.tailMap(prefix).forEach((key, content) -> {
            if (key.startsWith(prefix) && key.compareTo(after) > 0) {
                found.add(new ObjectInfo(key, content.length));
            }
        });
        return found.iterator();
    }

    @Override
    public List<String> listChildren(String prefix) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<DeleteFailure> delete(Collection<String> keys) {
        keys.forEach(objects::remove);
        return List.of();
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
        return Instant.EPOCH;
    }

    @Override
    public StoreProbe probe(String prefix) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
