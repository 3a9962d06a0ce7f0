package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.BinaryReader;
import io.pgbk.catalog.format.BinaryWriter;
import io.pgbk.catalog.format.Damage;
import io.pgbk.catalog.format.RepositoryId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The plain text that slots wrap: version, number of epochs, then number, form and key of each. */
final class KeySet {
    private static final int VERSION = 1;
    private static final int FORM_REPOSITORY_KEY = 0;
    private static final int KEY_BYTES = 32;
    private static final int EPOCH_BYTES = 4 + 1 + KEY_BYTES;

    private KeySet() {}

    /** The caller wipes the result. */
    static byte[] encode(EncryptedKeyRing ring) {
        BinaryWriter out = new BinaryWriter(3 + ring.epochs().size() * EPOCH_BYTES);
        out.u8(VERSION).u16(ring.epochs().size());
        for (KeyEpoch epoch : ring.epochs()) {
            out.u32(epoch.number())
                    .u8(FORM_REPOSITORY_KEY)
                    .raw(epoch.repositoryKey().expose(), 0, KEY_BYTES);
        }
        byte[] result = out.toArray();
        Arrays.fill(out.buffer(), (byte) 0);
        return result;
    }

    static EncryptedKeyRing decode(byte[] plain, RepositoryId repositoryId, String path) {
        BinaryReader in = new BinaryReader(plain, path);
        int version = in.u8();
        if (version != VERSION) {
            throw Damage.tooNew(path, "key set version " + version);
        }
        int count = in.u16();
        List<KeyEpoch> epochs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = in.u32();
            int form = in.u8();
            if (form != FORM_REPOSITORY_KEY) {
                throw Damage.tooNew(path, "key form " + form);
            }
            if (number < 1 || in.remaining() < KEY_BYTES) {
                throw in.damaged("its key set is invalid");
            }
            int at = in.position();
            in.skip(KEY_BYTES);
            byte[] key = Arrays.copyOfRange(plain, at, at + KEY_BYTES);
            epochs.add(new KeyEpoch(number, Secret.adopt(key), repositoryId));
        }
        in.expectEnd();
        try {
            return new EncryptedKeyRing(repositoryId, epochs);
        } catch (IllegalArgumentException e) {
            throw Damage.of(path, "its key set is invalid: " + e.getMessage(), e);
        }
    }
}
