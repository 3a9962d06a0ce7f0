package io.pgbk.catalog.store;

/**
 * Which checksums travel with requests, beside the SHA-256 of the payload that is always part of the signature.
 *
 * <p>Since version 2.30 the AWS SDK adds a CRC to every upload, which Ceph RGW, older MinIO and other stores refuse.
 */
public enum ChecksumMode {
    /** {@link #AWS} without an endpoint of one's own, otherwise {@link #COMPATIBLE}. */
    AUTO,
    /** What the SDK does by default: CRC-32 wherever the service knows it. */
    AWS,
    /** Only where the protocol demands one. */
    COMPATIBLE,
    /** Content-MD5 on every upload, for stores that do not check the signed digest. */
    LEGACY_MD5
}
