package io.pgbk.catalog.store;

import io.pgbk.task.Buffers;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A flat name space of immutable objects below one root (bucket and prefix, or directory): the only way in which pgbk
 * reads and writes a repository.
 *
 * <p>Keys are printable ASCII without blanks and backslashes, at most 900 characters; they use {@code /} between parts,
 * never start or end with it and contain no empty, {@code .} or {@code ..} part, none of more than 255 characters and
 * none that starts with {@code .pgbk-tmp}; other keys are refused with {@link IllegalArgumentException}. No key may be
 * the directory of another ({@code a} and {@code a/b}): directories cannot hold both. What was written is visible to
 * every later read and listing. Every call has a deadline and retries what may be retried by itself; a caller never retries.
 * All methods are safe for use by many threads.
 *
 * <p>Failures are {@link io.pgbk.error.PgbkException}: REPOSITORY_UNREACHABLE (no answer within the deadline),
 * PERMISSION_DENIED, REPOSITORY_NOT_INITIALISED (the bucket or the root directory is missing), STORE_UNSAFE. A missing
 * key is {@link ObjectMissingException} and is thrown only when the store itself said so for that key.
 */
public interface ObjectStore extends AutoCloseable {
    /** How people name the place, without secrets, for example {@code s3://backups/pg}. */
    String displayName();

    /**
     * Creates an object exclusively: of any number of writers, on any hosts, with different bytes exactly one gets
     * CREATED. A single request, never a multipart upload. A refused, conflicting or broken answer is resolved by
     * comparing the object that is there with the body, so a retry that meets its own first write is CREATED.
     */
    CreateOutcome create(String key, ObjectBody body);

    /** Begins a large object under a key that no other writer uses (its name contains a random part). */
    ObjectUpload upload(String key);

    /**
     * As {@link #upload(String)}, with buffers that were reserved for it: it waits for nothing but its own sending, so
     * any number of uploads go on side by side.
     *
     * @param buffers with room for {@link #uploadBufferBytes()}; the upload gives back what it took when it is closed
     */
    default ObjectUpload upload(String key, Buffers buffers) {
        return upload(key);
    }

    /** What one upload takes of a share; 0 where nothing is collected. */
    default long uploadBufferBytes() {
        return 0;
    }

    /**
     * Opens a range of an object. The stream ends exactly after {@code length} bytes or throws; it is never silently
     * short. A range that reaches past the end is an {@link io.pgbk.error.ErrorCode#OBJECT_DAMAGED} failure that names
     * the object. Breaks in the middle are resumed inside the deadline.
     *
     * @throws ObjectMissingException when the store said that the key does not exist
     */
    InputStream read(String key, long offset, long length);

    /**
     * Reads a whole object.
     *
     * @param maxBytes a longer object is an OBJECT_DAMAGED failure before anything is allocated
     * @throws ObjectMissingException when the store said that the key does not exist
     */
    byte[] readAll(String key, int maxBytes);

    /** The length of an object, empty when the store said that the key does not exist. */
    OptionalLong findLength(String key);

    /**
     * Lists objects whose keys start with the prefix and sort after {@code after} (empty: all), in ascending order of
     * their bytes, fetched page by page while the iterator moves.
     */
    Iterator<ObjectInfo> list(String prefix, String after);

    /**
     * Lists one level: the distinct next parts below {@code prefix} (which ends in {@code /} or is empty), directories
     * with a trailing slash, ascending.
     */
    List<String> listChildren(String prefix);

    /**
     * Removes objects with all that is kept under their keys; a missing one counts as removed. Returns the keys that
     * could not be removed and why; such an object is still there.
     */
    List<DeleteFailure> delete(Collection<String> keys);

    /**
     * Which of the contents under a key is read at present: 0 for the object itself, more after {@link #passOver}. Only
     * stores that keep versions have others.
     */
    int contentNumber(String key);

    /**
     * Goes on to the next younger content under a key, after what was read there turned out not to be authentic. Of
     * several threads that found the same content bad one moves on and the others follow.
     *
     * @param contentNumber what {@link #contentNumber} said before the bad content was read
     * @return whether another content is read from now on; when there is none, it is the object again
     */
    boolean passOver(String key, int contentNumber);

    /**
     * Whether somebody marked a key as deleted without pgbk, which takes every version away and leaves no mark. The
     * content below the mark is read all the same as long as it is there; a mark without content is a loss, not proof
     * that nothing was ever there.
     */
    boolean isMarkedDeleted(String key);

    /** Empty when objects get no lock. */
    Optional<ObjectLocking> objectLocking();

    /**
     * How the bucket locks every new object for which nothing else is said, for people; empty when it does not, or when
     * these credentials may not ask. Such a lock keeps leases and signs of life from being removed.
     */
    default Optional<String> defaultRetention() {
        return Optional.empty();
    }

    /** Whether what is put over an object or removed is kept, as far as these credentials may know. */
    default Versioning versioning() {
        return Versioning.NONE;
    }

    /** The store's own clock, from a fresh answer. */
    Instant currentTime();

    /**
     * Tries, under the given key prefix, whether the store keeps the promises that pgbk builds on, and removes what it
     * wrote.
     */
    StoreProbe probe(String prefix);

    @Override
    void close();
}
