package io.pgbk.catalog.format.manifest;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Bytes;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.FormatLimits;
import io.pgbk.catalog.format.pack.PackRef;

/** One pack's record. */
final class PackRefCodec {
    private PackRefCodec() {}

    static void write(PackRef pack, BinaryWriter out) {
        out.text(pack.path())
                .bytes(pack.header())
                .varint(pack.length())
                .raw(pack.sha256())
                .varint(pack.rawLength())
                .varint(pack.frames());
    }

    static PackRef read(BinaryReader in, String manifest) {
        String path = in.text();
        Bytes header = in.raw(in.count(FormatLimits.MAX_HEADER_BYTES));
        try {
            return new PackRef(path, header, in.length(), in.raw(32), in.length(), in.count(Integer.MAX_VALUE));
        } catch (IllegalArgumentException e) {
            throw Damage.of(manifest, "a pack's record is impossible: " + e.getMessage(), e);
        }
    }
}
