package io.pgbk.cli.check;

import io.pgbk.catalog.store.Versioning;
import java.util.Optional;

/** Whether the credentials of a repository may know what its bucket keeps of what is put over objects or removed. */
public final class VersionsCheck {
    private VersionsCheck() {}

    /** Empty when it is known. What is not known fails nothing: most buckets keep no versions. */
    public static Optional<CheckReport.Check> of(String name, Versioning versioning) {
        return switch (versioning) {
            case NONE, KEPT -> Optional.empty();
            case LISTED ->
                Optional.of(warning(
                        name,
                        "these credentials may not ask whether the bucket keeps versions; they are listed all the same",
                        "Allow s3:GetBucketVersioning: it spares requests in a bucket without versions."));
            case UNKNOWN ->
                Optional.of(warning(
                        name,
                        "these credentials may not know whether the bucket keeps versions; if it does, what delete"
                                + " markers hide is not seen, and old versions of what is removed stay",
                        "Allow s3:GetBucketVersioning; in a bucket that keeps versions, or kept them once, also"
                                + " s3:ListBucketVersions, s3:GetObjectVersion and s3:DeleteObjectVersion."));
        };
    }

    private static CheckReport.Check warning(String name, String message, String hint) {
        return new CheckReport.Check(name, true, message, hint);
    }
}
