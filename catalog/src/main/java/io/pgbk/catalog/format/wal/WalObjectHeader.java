package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.Bytes;

/**
 * What the first bytes of a WAL object tell without decrypting: enough to compare it with a local file. Not
 * authenticated; only the complete object is.
 *
 * @param keyEpoch under which the digest was computed
 * @param compareDigest see {@link io.pgbk.catalog.format.crypto.KeyRing#compareDigest}
 */
public record WalObjectHeader(int keyEpoch, long rawLength, Bytes compareDigest) {}
