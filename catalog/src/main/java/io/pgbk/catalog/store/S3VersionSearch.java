package io.pgbk.catalog.store;

import java.util.NavigableSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;

/**
 * Finds all versions and delete markers of many names by as few listings as possible: names that lie close together
 * travel on one page, and what lies between others is jumped over.
 */
final class S3VersionSearch {
    /** Names are printable ASCII; this is the last of its characters. */
    private static final char LAST = '~';

    private final S3Versions versions;

    S3VersionSearch(S3Versions versions) {
        this.versions = versions;
    }

    /** Hands over every version and marker of the names, name by name. */
    void forEach(NavigableSet<String> names, Consumer<S3Versions.Version> found) {
        if (names.isEmpty()) {
            return;
        }
        String prefix = commonPrefix(names.first(), names.last());
        @Nullable String keyMarker = markerBefore(names.first(), prefix);
        @Nullable String versionMarker = null;
        while (true) {
            ListObjectVersionsResponse page = versions.page(prefix, null, keyMarker, versionMarker);
            for (S3Versions.Version version : S3Versions.merge(page)) {
                if (names.contains(version.name())) {
                    found.accept(version);
                }
            }
            if (!Boolean.TRUE.equals(page.isTruncated())) {
                return;
            }
            // More versions of the marker's own name may follow, so that name still counts.
            String next = names.ceiling(page.nextKeyMarker());
            if (next == null) {
                return;
            }
            String jump = markerBefore(next, prefix);
            if (jump == null || NameOrder.BYTES.compare(jump, page.nextKeyMarker()) <= 0) {
                keyMarker = page.nextKeyMarker();
                versionMarker = page.nextVersionIdMarker();
            } else {
                keyMarker = jump;
                versionMarker = null;
            }
        }
    }

    private static String commonPrefix(String one, String other) {
        int length = 0;
        while (length < Math.min(one.length(), other.length()) && one.charAt(length) == other.charAt(length)) {
            length++;
        }
        return one.substring(0, length);
    }

    /** A text that sorts before the name, with nothing of interest in between; null for the start of the listing. */
    private static @Nullable String markerBefore(String name, String prefix) {
        int last = name.length() - 1;
        String before = name.substring(0, last) + (char) (name.charAt(last) - 1) + LAST;
        return before.startsWith(prefix) ? before : null;
    }
}
