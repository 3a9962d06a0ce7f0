package io.pgbk.catalog.format.wal;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.postgres.Lsn;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * What a WAL object says about the file in it (inside the envelope, so encrypted).
 *
 * @param fileName the name that PostgreSQL uses, without any suffix of the repository
 * @param systemIdentifier unsigned
 * @param timeline of the name
 * @param startLsn first byte of a segment; for other files 0
 * @param endLsn byte after a segment; for other files 0
 * @param rawLength bytes of the file
 * @param rawSha256 of the file
 * @param index what the records say, as {@code io.pgbk.postgres.wal} serialises it; empty when there is none
 * @param archived when the object was made, by the clock of the host that archived, in whole microseconds: the records
 *     of a server on which nothing happens carry no recent time
 */
public record WalObjectInfo(
        String fileName,
        long systemIdentifier,
        int timeline,
        Lsn startLsn,
        Lsn endLsn,
        long rawLength,
        Bytes rawSha256,
        Bytes index,
        Instant archived) {
    private static final int VERSION = 1;
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

    public WalObjectInfo {
        archived = archived.truncatedTo(ChronoUnit.MICROS);
        if (fileName.isEmpty() || fileName.length() > 255) {
            throw new IllegalArgumentException("a WAL file name has 1 to 255 characters");
        }
        if (archived.isBefore(EARLIEST) || archived.isAfter(LATEST)) {
            throw new IllegalArgumentException("nothing was archived at " + archived);
        }
        if (rawLength < 0) {
            throw new IllegalArgumentException("raw length " + rawLength + " is impossible");
        }
        if (rawSha256.length() != 32) {
            throw new IllegalArgumentException("a SHA-256 has 32 bytes, not " + rawSha256.length());
        }
    }

    byte[] encode() {
        return new BinaryWriter(128 + index.length())
                .u8(VERSION)
                .u64(systemIdentifier)
                .u32(timeline)
                .u64(startLsn.value())
                .u64(endLsn.value())
                .u64(rawLength)
                .raw(rawSha256)
                .text(fileName)
                .bytes(index)
                .zigzag(ChronoUnit.MICROS.between(Instant.EPOCH, archived))
                .toArray();
    }

    static WalObjectInfo parse(BinaryReader in, String path) {
        int version = in.u8();
        if (version != VERSION) {
            throw Damage.tooNew(path, "WAL index version " + version);
        }
        long systemIdentifier = in.u64();
        int timeline = in.u32();
        Lsn startLsn = new Lsn(in.u64());
        Lsn endLsn = new Lsn(in.u64());
        long rawLength = in.u64();
        Bytes rawSha256 = in.raw(32);
        String fileName = in.text();
        Bytes index = in.bytes();
        Instant archived = Instant.EPOCH.plus(in.zigzag(), ChronoUnit.MICROS);
        // What follows was added by a later version.
        try {
            return new WalObjectInfo(
                    fileName, systemIdentifier, timeline, startLsn, endLsn, rawLength, rawSha256, index, archived);
        } catch (IllegalArgumentException e) {
            throw Damage.of(path, "what it says about its file is invalid: " + e.getMessage(), e);
        }
    }
}
