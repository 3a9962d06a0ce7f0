package io.pgbk.catalog.repository.copy;

import io.pgbk.catalog.format.pack.PackCopier;
import io.pgbk.catalog.format.pack.PackRef;
import io.pgbk.catalog.repository.cluster.ClusterCatalog;
import io.pgbk.catalog.repository.layout.Label;
import io.pgbk.catalog.repository.layout.RepositoryLayout;
import io.pgbk.catalog.repository.layout.RepositoryObject;
import io.pgbk.catalog.store.DeleteFailure;
import io.pgbk.catalog.store.ObjectInfo;
import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import io.pgbk.task.Buffers;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Packs that are there although no listed backup uses them: an interrupted copy left them, or a compaction that could not
 * remove them. Where they are locked, they cannot be written again.
 */
final class LeftPacks {
    private final ClusterCatalog from;
    private final ClusterCatalog to;
    private final Label copied;
    private final Map<String, Long> lengths = new HashMap<>();

    /**
     * Lists what is there.
     *
     * @param copied the backup that is being copied under the lease: nobody lists it, so nobody reads what its label has
     * @param labels whose packs it uses
     */
    LeftPacks(ClusterCatalog from, ClusterCatalog to, Label copied, Set<Label> labels) {
        this.from = from;
        this.to = to;
        this.copied = copied;
        for (Label label : labels) {
            Iterator<ObjectInfo> objects =
                    to.repository().store().list(RepositoryLayout.packFolder(to.name(), label), "");
            objects.forEachRemaining(object -> lengths.put(object.key(), object.length()));
        }
    }

    boolean contains(String path) {
        return lengths.containsKey(path);
    }

    /**
     * Takes what is there as the copy of a pack. When it is damaged, or something else, it is copied anew.
     *
     * @param proof throws when another may have taken the copy over
     * @throws PgbkException OBJECT_DAMAGED when it cannot be used and not be removed either, or when the source is damaged
     */
    PackCopier.Copied goOnWith(PackCopier copier, PackRef source, String path, Runnable proof, Buffers buffers) {
        try {
            return copier.inspect(source, path, Objects.requireNonNull(lengths.get(path)), buffers);
        } catch (PgbkException e) {
            switch (e.code()) {
                case OBJECT_DAMAGED, FORMAT_TOO_NEW, KEY_WRONG, ENCRYPTION_MISMATCH -> {}
                default -> throw e;
            }
            requireSound(source, e);
            proof.run();
            remove(path, e);
        }
        return copier.copy(source, path, proof, buffers);
    }

    /** What cannot be copied again stays: it may be the better one of two that are damaged. */
    private void requireSound(PackRef source, PgbkException failure) {
        String sha256 = from.repository().sha256(source.path(), source.length());
        if (!sha256.equals(source.sha256().hex())) {
            throw failure;
        }
    }

    private void remove(String path, PgbkException failure) {
        if (!(RepositoryLayout.parse(path) instanceof RepositoryObject.Pack pack)
                || !pack.label().equals(copied)) {
            // A compaction stored it, and a restore that began before the last one may read it.
            throw unusable(
                    path,
                    failure,
                    "it is another backup's",
                    "No backup uses that object any more. When nothing is restored, verified or copied from there, remove"
                            + " it, and the backup can be copied.");
        }
        for (DeleteFailure left : to.repository().store().delete(List.of(path))) {
            throw unusable(
                    path,
                    failure,
                    left.reason(),
                    "The backup can be copied when that object is removed, or its lock has run out.");
        }
    }

    private PgbkException unusable(String path, PgbkException failure, String reason, String hint) {
        return new PgbkException(
                ErrorCode.OBJECT_DAMAGED,
                "object " + path + ", which no backup uses, cannot be used (" + failure.getMessage()
                        + ") and not be removed from " + to.repository().displayName() + " (" + reason + ")",
                hint,
                failure);
    }
}
