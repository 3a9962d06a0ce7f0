package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;

/**
 * Objects of a versioned bucket in the order of their keys, each with the length of the version that a GET reads: its
 * oldest. Delete markers hide nothing: what they stand over is there, and pgbk itself leaves none. Costs as many requests
 * as a plain listing while names have one version each.
 */
final class S3VersionListing implements Iterator<ObjectInfo> {
    private final S3StoreConfig config;
    private final S3Versions versions;
    private final String prefix;
    private final String after;
    private @Nullable String keyMarker;
    private @Nullable String versionMarker;
    private boolean ended;
    private int pagesWithout;
    private String last = "";
    /** The versions of a name may go on on the next page, so the last name of a page waits. */
    private String pending = "";

    private S3Versions.@Nullable Version oldest;
    private S3Versions.@Nullable Version chosen;
    private Iterator<ObjectInfo> page = List.<ObjectInfo>of().iterator();

    S3VersionListing(S3StoreConfig config, S3Versions versions, String prefix, String after) {
        this.config = config;
        this.versions = versions;
        this.prefix = prefix;
        this.after = after;
        keyMarker = after.isEmpty() ? null : config.objectName(after);
    }

    @Override
    public boolean hasNext() {
        while (!page.hasNext() && !ended) {
            fetch();
        }
        return page.hasNext();
    }

    @Override
    public ObjectInfo next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return page.next();
    }

    private void fetch() {
        ListObjectVersionsResponse answer = versions.page(config.objectName(prefix), null, keyMarker, versionMarker);
        keyMarker = answer.nextKeyMarker();
        versionMarker = answer.nextVersionIdMarker();
        ended = !answer.isTruncated();
        List<ObjectInfo> objects = new ArrayList<>();
        boolean nothingNew = true;
        for (S3Versions.Version version : S3Versions.merge(answer)) {
            if (!pending.equals(version.name())) {
                flush(objects);
                requireAscending(version.name());
                nothingNew = false;
                pending = version.name();
            }
            add(version);
        }
        pagesWithout = S3Listing.pagesWithout(config, pagesWithout, nothingNew);
        if (ended) {
            flush(objects);
        }
        page = objects.iterator();
    }

    private void requireAscending(String name) {
        if (NameOrder.BYTES.compare(name, last) <= 0 && !last.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    config.displayName() + " lists versions of " + name + " after " + last
                            + ", not in ascending order");
        }
        last = name;
    }

    /** Newest first; of all that was laid over a name nothing is kept. */
    private void add(S3Versions.Version version) {
        if (!version.marker()) {
            oldest = version;
            if (versions.isChosen(S3Listing.keyOf(config, version.name()), version)) {
                chosen = version;
            }
        }
    }

    private void flush(List<ObjectInfo> objects) {
        S3Versions.Version object = chosen == null ? oldest : chosen;
        if (object != null) {
            String key = S3Listing.keyOf(config, object.name());
            // Servers differ in whether the marker of the page itself is listed.
            if (Keys.isValid(key) && key.compareTo(after) > 0) {
                if (!versions.isPlain(object)) {
                    versions.remember(key, object.id());
                }
                objects.add(new ObjectInfo(key, object.length()));
            }
        }
        pending = "";
        oldest = null;
        chosen = null;
    }
}
