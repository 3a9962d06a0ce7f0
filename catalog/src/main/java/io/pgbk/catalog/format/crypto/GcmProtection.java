package io.pgbk.catalog.format.crypto;

import io.pgbk.catalog.format.ObjectIdentity;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Frames of encrypted repositories. Nonce: four bytes frame type, eight bytes frame number; used once per key. */
final class GcmProtection extends FrameProtection {
    private static final int TAG_BITS = 128;
    private static final int NUMBER_OFFSET = 4;

    private final SecretKeySpec key;
    private boolean bulk;
    private Cipher cipher;

    GcmProtection(byte[] objectKey, byte[] header, ObjectIdentity identity, boolean bulk) {
        super(header, identity);
        this.key = new SecretKeySpec(objectKey, "AES");
        Arrays.fill(objectKey, (byte) 0);
        this.bulk = bulk || CipherProviders.isBulk();
        this.cipher = CipherProviders.aesGcm(this.bulk);
    }

    private void prepare(int mode, byte[] frameHeader, int headerOffset, int length) throws GeneralSecurityException {
        if (!bulk && CipherProviders.isBulk()) {
            bulk = true;
            cipher = CipherProviders.aesGcm(true);
        }
        CipherProviders.count(length);
        bind(frameHeader, headerOffset);
        byte[] nonce = new byte[12];
        ByteBuffer.wrap(nonce)
                .putInt(frameHeader[headerOffset] & 0xFF)
                .putLong(ByteBuffer.wrap(frameHeader).getInt(headerOffset + NUMBER_OFFSET) & 0xFFFF_FFFFL);
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(associatedData);
    }

    @Override
    public void seal(
            byte[] frameHeader,
            int headerOffset,
            byte[] payload,
            int offset,
            int length,
            byte[] target,
            int targetOffset) {
        try {
            prepare(Cipher.ENCRYPT_MODE, frameHeader, headerOffset, length);
            cipher.doFinal(payload, offset, length, target, targetOffset);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM failed", e);
        }
    }

    @Override
    public boolean open(
            byte[] frameHeader,
            int headerOffset,
            byte[] stored,
            int offset,
            int length,
            byte[] target,
            int targetOffset) {
        try {
            prepare(Cipher.DECRYPT_MODE, frameHeader, headerOffset, length);
            cipher.doFinal(stored, offset, length + TAG_BITS / 8, target, targetOffset);
            return true;
        } catch (AEADBadTagException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM failed", e);
        }
    }
}
