package io.pgbk.catalog.store;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.GetBucketVersioningRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;

/**
 * What there is to know about the versions of a bucket. Some stores ignore the condition of an exclusive creation in a
 * versioned bucket and add a version; there the oldest version of a name is the object, for writers and readers alike.
 */
final class S3Versions {
    private static final int REMEMBERED_KEYS = 4096;
    /** Of one key, or of a few that begin alike: a store that goes on for ever is none. */
    private static final int MAX_PAGES = 1000;

    private final S3Client client;
    private final S3StoreConfig config;
    private final Map<String, String> oldestVersions = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > REMEMBERED_KEYS;
        }
    };
    private @Nullable Boolean versioned;

    S3Versions(S3Client client, S3StoreConfig config) {
        this.client = client;
        this.config = config;
    }

    /** The version id of an answer, null when the bucket keeps no versions. */
    static @Nullable String versionOf(@Nullable String header) {
        return header == null || header.isEmpty() || header.equals("null") ? null : header;
    }

    /** The version of a key that was found to be its oldest. */
    Optional<String> known(String key) {
        synchronized (oldestVersions) {
            return Optional.ofNullable(oldestVersions.get(key));
        }
    }

    void remember(String key, String version) {
        synchronized (oldestVersions) {
            oldestVersions.put(key, version);
        }
        synchronized (this) {
            versioned = true;
        }
    }

    void forget(String key) {
        synchronized (oldestVersions) {
            oldestVersions.remove(key);
        }
    }

    /** Whether the bucket keeps versions; asked once. A store that cannot say, or does not let us ask, keeps none. */
    synchronized boolean isVersioned() {
        if (versioned == null) {
            versioned = S3Attempts.run(config, "read the versioning of the bucket", null, 0, limits -> {
                try {
                    BucketVersioningStatus status = client.getBucketVersioning(GetBucketVersioningRequest.builder()
                                    .bucket(config.bucket())
                                    .overrideConfiguration(limits)
                                    .build())
                            .status();
                    return status == BucketVersioningStatus.ENABLED;
                } catch (SdkException e) {
                    S3Failures.Meaning meaning = S3Failures.meaningOf(e);
                    if (meaning == S3Failures.Meaning.DENIED || meaning == S3Failures.Meaning.FATAL) {
                        return false;
                    }
                    throw e;
                }
            });
        }
        return versioned;
    }

    /** One entry of a version listing; {@code marker} stands for a deletion, {@code latest} for the newest entry. */
    record Version(String name, String id, long length, boolean marker, boolean latest) {}

    /** The oldest version of a key that is no delete marker. */
    Optional<String> oldest(String key, AwsRequestOverrideConfiguration limits) {
        return oldestOf(all(key, limits)).map(Version::id);
    }

    /** The oldest content among the entries of one name, newest first. */
    static Optional<Version> oldestOf(List<Version> entries) {
        return entries.stream().filter(version -> !version.marker()).reduce((newer, older) -> older);
    }

    /** Takes one version away, as far as the bucket allows it; readers pass it over all the same. */
    void removeVersion(String key, String version, AwsRequestOverrideConfiguration limits) {
        try {
            client.deleteObject(DeleteObjectRequest.builder()
                    .bucket(config.bucket())
                    .key(config.objectName(key))
                    .versionId(version)
                    .overrideConfiguration(limits)
                    .build());
        } catch (SdkException e) {
            if (S3Failures.meaningOf(e) == S3Failures.Meaning.INTERRUPTED) {
                throw e;
            }
        }
    }

    /** All versions and markers of one key: the markers, then the versions, each newest first. */
    List<Version> all(String key, AwsRequestOverrideConfiguration limits) {
        String name = config.objectName(key);
        List<Version> versions = new ArrayList<>();
        ListObjectVersionsRequest.Builder request = ListObjectVersionsRequest.builder()
                .bucket(config.bucket())
                .prefix(name)
                .overrideConfiguration(limits);
        for (int pages = 1; ; pages++) {
            ListObjectVersionsResponse page = client.listObjectVersions(request.build());
            check(page, name);
            boolean passed = false;
            for (Version version : merge(page)) {
                if (version.name().equals(name)) {
                    versions.add(version);
                } else {
                    passed = true;
                }
            }
            if (passed || !Boolean.TRUE.equals(page.isTruncated())) {
                return versions;
            }
            if (!leadsOn(page) || pages == MAX_PAGES) {
                throw SdkClientException.create("no S3 answer: a listing of versions that does not end");
            }
            request.keyMarker(page.nextKeyMarker()).versionIdMarker(page.nextVersionIdMarker());
        }
    }

    /** Whether a page that is not the last one says where the next begins, and that this is elsewhere. */
    static boolean leadsOn(ListObjectVersionsResponse page) {
        return page.nextKeyMarker() != null
                && !(page.nextKeyMarker().equals(page.keyMarker())
                        && Objects.equals(page.nextVersionIdMarker(), page.versionIdMarker()));
    }

    /** Refuses a page that no store gives. */
    static void check(ListObjectVersionsResponse page, String asked) {
        page.deleteMarkers().forEach(marker -> S3Listing.checkedName(marker.key(), 0L, asked));
        page.versions().forEach(version -> S3Listing.checkedName(version.key(), version.size(), asked));
    }

    /** Versions and markers of a page by name; the SDK gives two lists, each newest first per name. */
    static List<Version> merge(ListObjectVersionsResponse page) {
        List<Version> merged = new ArrayList<>();
        page.deleteMarkers()
                .forEach(marker -> merged.add(new Version(
                        marker.key(), marker.versionId(), 0, true, Boolean.TRUE.equals(marker.isLatest()))));
        page.versions()
                .forEach(version -> merged.add(new Version(
                        version.key(),
                        version.versionId(),
                        version.size(),
                        false,
                        Boolean.TRUE.equals(version.isLatest()))));
        merged.sort(java.util.Comparator.comparing(Version::name));
        return merged;
    }
}
