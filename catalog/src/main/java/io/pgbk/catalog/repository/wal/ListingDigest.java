package io.pgbk.catalog.repository.wal;

import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.crypto.Digests;
import io.pgbk.postgres.WalSegmentName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** A digest over what a listing shows of one log's whole segments: names, variants and stored lengths, in order. */
public final class ListingDigest {
    private final MessageDigest digest = Digests.sha256();

    /** The next object of the listing. */
    public void add(WalSegmentName name, String variant, long storedBytes) {
        digest.update((name + "." + variant + " " + storedBytes + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    public Bytes finish() {
        return Bytes.of(digest.digest());
    }
}
