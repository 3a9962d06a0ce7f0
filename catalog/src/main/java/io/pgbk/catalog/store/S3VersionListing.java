package io.pgbk.catalog.store;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;

/**
 * Objects of a versioned bucket in the order of their keys, each with the length of its oldest version. An object whose
 * newest entry is a delete marker is hidden, as it is for a GET.
 */
final class S3VersionListing implements Iterator<ObjectInfo> {
    private final S3Client client;
    private final S3StoreConfig config;
    private final String prefix;
    private final String after;
    private @Nullable String keyMarker;
    private @Nullable String versionMarker;
    private boolean ended;
    private int pagesWithout;
    private String last = "";
    /** The versions of a name may go on on the next page, so the last one of a page waits. */
    private final List<S3Versions.Version> pending = new ArrayList<>();

    private Iterator<ObjectInfo> page = List.<ObjectInfo>of().iterator();

    S3VersionListing(S3Client client, S3StoreConfig config, String prefix, String after) {
        this.client = client;
        this.config = config;
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
        ListObjectVersionsResponse answer = S3Attempts.run(config, "list versions of " + prefix, null, 0, limits -> {
            ListObjectVersionsResponse response = client.listObjectVersions(ListObjectVersionsRequest.builder()
                    .bucket(config.bucket())
                    .prefix(config.objectName(prefix))
                    .keyMarker(keyMarker)
                    .versionIdMarker(versionMarker)
                    .maxKeys(config.transfer().listPageSize())
                    .overrideConfiguration(limits)
                    .build());
            if (response.isTruncated() == null || (response.isTruncated() && !S3Versions.leadsOn(response))) {
                throw SdkClientException.create("no S3 answer: a listing that does not say whether it ends");
            }
            S3Versions.check(response, config.objectName(prefix));
            return response;
        });
        keyMarker = answer.nextKeyMarker();
        versionMarker = answer.nextVersionIdMarker();
        ended = !answer.isTruncated();
        List<ObjectInfo> objects = new ArrayList<>();
        boolean nothingNew = true;
        for (S3Versions.Version version : S3Versions.merge(answer)) {
            if (!pending.isEmpty() && !pending.getFirst().name().equals(version.name())) {
                flush(objects);
            }
            if (pending.isEmpty()) {
                requireAscending(version.name());
                nothingNew = false;
            }
            pending.add(version);
        }
        pagesWithout = S3Listing.pagesWithout(config, pagesWithout, nothingNew);
        if (ended) {
            flush(objects);
        }
        page = objects.iterator();
    }

    private void requireAscending(String name) {
        if (name.compareTo(last) <= 0 && !last.isEmpty()) {
            throw new PgbkException(
                    ErrorCode.STORE_UNSAFE,
                    config.displayName() + " lists versions of " + name + " after " + last
                            + ", not in ascending order");
        }
        last = name;
    }

    private void flush(List<ObjectInfo> objects) {
        if (!pending.isEmpty()) {
            String key = S3Listing.keyOf(config, pending.getFirst().name());
            boolean hidden = pending.stream().anyMatch(v -> v.marker() && v.latest());
            // Servers differ in whether the marker itself is listed.
            if (!hidden && Keys.isValid(key) && key.compareTo(after) > 0) {
                S3Versions.oldestOf(pending).ifPresent(v -> objects.add(new ObjectInfo(key, v.length())));
            }
            pending.clear();
        }
    }
}
