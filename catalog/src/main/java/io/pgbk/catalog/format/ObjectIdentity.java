package io.pgbk.catalog.format;

/**
 * Which object of which repository: every frame is bound to it, so a copy under another key or in another repository is
 * refused.
 *
 * @param repositoryId the repository
 * @param path the object's key below the repository's prefix, for example {@code clusters/main/packs/<label>/3}
 */
public record ObjectIdentity(RepositoryId repositoryId, String path) {
    public ObjectIdentity {
        if (path.isEmpty() || path.length() > FormatLimits.MAX_PATH_BYTES) {
            throw new IllegalArgumentException("an object path has 1 to " + FormatLimits.MAX_PATH_BYTES + " bytes");
        }
    }
}
