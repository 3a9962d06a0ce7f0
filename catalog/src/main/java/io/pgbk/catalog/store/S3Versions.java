package io.pgbk.catalog.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsRequest;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;
import software.amazon.awssdk.services.s3.model.ObjectVersion;

/**
 * What there is to know about the versions of a bucket. The oldest version of a name is the object, for writers and
 * readers alike: some stores ignore the condition of an exclusive creation in a versioned bucket and add a version, and
 * whoever overwrites a name from outside adds one too. Delete markers are not believed: pgbk removes versions and leaves
 * no marker.
 */
final class S3Versions {
    private static final int REMEMBERED_KEYS = 4096;
    /** Of one key, or of a few that begin alike: a store that goes on for ever is none. */
    private static final int MAX_PAGES = 1000;
    /** How many bad contents of one name are passed over: more are an attack that only costs time. */
    private static final int MAX_PASSED_OVER = 100;

    private final S3Client client;
    private final S3StoreConfig config;
    private final Map<String, Chosen> chosenVersions = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Chosen> eldest) {
            return size() > REMEMBERED_KEYS;
        }
    };
    private final S3Versioning versioning;

    /** The version that is read, and how many older ones were found not to be authentic. */
    private record Chosen(String version, int passedOver) {}

    S3Versions(S3Client client, S3StoreConfig config) {
        this.client = client;
        this.config = config;
        versioning = new S3Versioning(client, config);
    }

    /** The version id of an answer, null when the bucket keeps no versions. */
    static @Nullable String versionOf(@Nullable String header) {
        return header == null || header.isEmpty() || header.equals("null") ? null : header;
    }

    /** The version of a key that is read: its oldest, unless that was passed over. */
    Optional<String> known(String key) {
        synchronized (chosenVersions) {
            return Optional.ofNullable(chosenVersions.get(key)).map(Chosen::version);
        }
    }

    /** Remembers the oldest version of a key; one that was chosen after others were passed over stays. */
    void remember(String key, String version) {
        synchronized (chosenVersions) {
            Chosen chosen = chosenVersions.get(key);
            if (chosen == null || chosen.passedOver() == 0) {
                chosenVersions.put(key, new Chosen(version, 0));
            }
        }
        versioning.prove();
    }

    void forget(String key) {
        synchronized (chosenVersions) {
            chosenVersions.remove(key);
        }
    }

    /** How many older versions of a key were passed over. */
    int passedOver(String key) {
        synchronized (chosenVersions) {
            Chosen chosen = chosenVersions.get(key);
            return chosen == null ? 0 : chosen.passedOver();
        }
    }

    /** Chooses the next younger version of a key, or its oldest again when there is none; whether there was one. */
    boolean passOver(String key, int number, AwsRequestOverrideConfiguration limits) {
        List<Version> contents = history(key, limits).oldestContents();
        synchronized (chosenVersions) {
            if (passedOver(key) != number) {
                return true;
            }
            int next = number + 1;
            if (next >= contents.size() || next > MAX_PASSED_OVER) {
                chosenVersions.remove(key);
                return false;
            }
            chosenVersions.put(
                    key, new Chosen(contents.get(contents.size() - 1 - next).id(), next));
            return true;
        }
    }

    /** Whether a version of a key is read although it is not the oldest, because others were passed over. */
    boolean isChosen(String key, Version version) {
        return !version.marker() && known(key).equals(Optional.of(version.id()));
    }

    /** Whether the bucket keeps versions, or kept them once. */
    Versioning state() {
        return versioning.state();
    }

    /** An answer named a version or a delete marker. */
    void prove() {
        versioning.prove();
    }

    /** Whether listings of versions tell what there is: when the bucket keeps versions, and when that is not known. */
    boolean areListed() {
        return switch (state()) {
            case KEPT, LISTED -> true;
            case NONE, UNKNOWN -> false;
        };
    }

    /**
     * Whether a listed version is what a bucket without versions lists of each object. While nothing proves that the
     * bucket keeps any, such objects are read and removed without naming a version, which would take further rights.
     */
    boolean isPlain(Version version) {
        return version.latest() && !version.marker() && version.id().equals("null") && state() != Versioning.KEPT;
    }

    /** One entry of a version listing; {@code marker} stands for a deletion, {@code latest} for the newest entry. */
    record Version(String name, String id, long length, boolean marker, boolean latest) {}

    /** The oldest version of a key that is no delete marker. */
    Optional<String> oldest(String key, AwsRequestOverrideConfiguration limits) {
        return history(key, limits).oldest().map(Version::id);
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

    /**
     * One page of a listing of versions.
     *
     * @param asked the prefix as the store names it
     */
    ListObjectVersionsResponse page(
            String asked, @Nullable String delimiter, @Nullable String keyMarker, @Nullable String versionMarker) {
        return S3Attempts.run(config, "list versions of " + asked, null, 0, limits -> {
            ListObjectVersionsResponse response = client.listObjectVersions(ListObjectVersionsRequest.builder()
                    .bucket(config.bucket())
                    .prefix(asked)
                    .delimiter(delimiter)
                    .keyMarker(keyMarker)
                    .versionIdMarker(versionMarker)
                    .maxKeys(config.transfer().listPageSize())
                    .overrideConfiguration(limits)
                    .build());
            if (response.isTruncated() == null || (response.isTruncated() && !leadsOn(response))) {
                throw SdkClientException.create("no S3 answer: a listing that does not say whether it ends");
            }
            check(response, asked);
            response.commonPrefixes().forEach(common -> S3Listing.checkedName(common.prefix(), 0L, asked));
            return response;
        });
    }

    /** The next parts below a prefix that is empty or ends in a slash; what delete markers stand over is there. */
    List<String> children(String prefix) {
        TreeSet<String> children = new TreeSet<>();
        String keyMarker = null;
        String versionMarker = null;
        int pagesWithout = 0;
        while (true) {
            int before = children.size();
            ListObjectVersionsResponse page = page(config.objectName(prefix), "/", keyMarker, versionMarker);
            for (ObjectVersion version : page.versions()) {
                S3Listing.addChild(children, S3Listing.keyOf(config, version.key()), prefix);
            }
            for (CommonPrefix common : page.commonPrefixes()) {
                S3Listing.addChild(children, S3Listing.keyOf(config, common.prefix()), prefix);
            }
            if (!Boolean.TRUE.equals(page.isTruncated())) {
                return List.copyOf(children);
            }
            pagesWithout = S3Listing.pagesWithout(config, pagesWithout, children.size() == before);
            keyMarker = page.nextKeyMarker();
            versionMarker = page.nextVersionIdMarker();
        }
    }

    /** What there is under one key, in bounded memory however many versions somebody laid over it. */
    History history(String key, AwsRequestOverrideConfiguration limits) {
        String name = config.objectName(key);
        History history = new History(MAX_PASSED_OVER + 1);
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
                    history.add(version);
                } else {
                    passed = true;
                }
            }
            if (passed || !Boolean.TRUE.equals(page.isTruncated())) {
                return history;
            }
            if (!leadsOn(page) || pages == MAX_PAGES) {
                throw SdkClientException.create("no S3 answer: a listing of versions that does not end");
            }
            request.keyMarker(page.nextKeyMarker()).versionIdMarker(page.nextVersionIdMarker());
        }
    }

    /** The versions of one name that matter: the oldest contents, and whether it has delete markers. */
    static final class History {
        private final int most;
        private final Deque<Version> contents = new ArrayDeque<>();
        private boolean marked;

        /** @param most so many of the oldest contents are kept */
        History(int most) {
            this.most = most;
        }

        /** Takes the versions newest first. */
        void add(Version version) {
            if (version.marker()) {
                marked = true;
                return;
            }
            contents.addLast(version);
            if (contents.size() > most) {
                contents.removeFirst();
            }
        }

        boolean isMarked() {
            return marked;
        }

        Optional<Version> oldest() {
            return Optional.ofNullable(contents.peekLast());
        }

        /** Newest first. */
        List<Version> oldestContents() {
            return List.copyOf(contents);
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
        page.deleteMarkers().forEach(marker -> {
            S3Listing.checkedName(marker.key(), 0L, asked);
            checkId(marker.versionId());
        });
        page.versions().forEach(version -> {
            S3Listing.checkedName(version.key(), version.size(), asked);
            checkId(version.versionId());
        });
    }

    private static void checkId(@Nullable String id) {
        if (id == null || id.isEmpty()) {
            throw SdkClientException.create("no S3 answer: a listing of versions with one that has no id");
        }
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
        merged.sort(java.util.Comparator.comparing(Version::name, NameOrder.BYTES));
        return merged;
    }
}
