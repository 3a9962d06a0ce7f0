package io.pgbk.catalog.format;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Builds the format's binary structures: big-endian numbers, varints (LEB128), length-prefixed bytes. */
public final class BinaryWriter {
    private byte[] buffer;
    private int length;

    public BinaryWriter(int expectedBytes) {
        buffer = new byte[Math.max(64, expectedBytes)];
    }

    /** Bytes written. */
    public int length() {
        return length;
    }

    /** Forgets everything. */
    public void clear() {
        length = 0;
    }

    /** The buffer itself, valid up to {@link #length()} until the next call. */
    public byte[] buffer() {
        return buffer;
    }

    /** A copy of what was written. */
    public byte[] toArray() {
        return Arrays.copyOf(buffer, length);
    }

    /** Appends what was written to a stream. */
    public void writeTo(ByteArrayOutputStream target) {
        target.write(buffer, 0, length);
    }

    private int claim(int bytes) {
        int needed = Math.addExact(length, bytes);
        if (needed > buffer.length) {
            buffer = Arrays.copyOf(
                    buffer, (int) Math.min(Integer.MAX_VALUE - 16L, Math.max(needed, 2L * buffer.length)));
        }
        int at = length;
        length = needed;
        return at;
    }

    /** One byte. */
    public BinaryWriter u8(int value) {
        int at = claim(1);
        buffer[at] = (byte) value;
        return this;
    }

    /** Two bytes, big-endian. */
    public BinaryWriter u16(int value) {
        int at = claim(2);
        buffer[at] = (byte) (value >>> 8);
        buffer[at + 1] = (byte) value;
        return this;
    }

    /** Four bytes, big-endian. */
    public BinaryWriter u32(int value) {
        int at = claim(4);
        for (int i = 0; i < 4; i++) {
            buffer[at + i] = (byte) (value >>> (24 - 8 * i));
        }
        return this;
    }

    /** Eight bytes, big-endian. */
    public BinaryWriter u64(long value) {
        int at = claim(8);
        for (int i = 0; i < 8; i++) {
            buffer[at + i] = (byte) (value >>> (56 - 8 * i));
        }
        return this;
    }

    /** An unsigned number, seven bits a byte, lowest first, the top bit set on all but the last. */
    public BinaryWriter varint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            u8((int) (rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        return u8((int) rest);
    }

    /** A signed number as a varint, zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
    public BinaryWriter zigzag(long value) {
        return varint((value << 1) ^ (value >> 63));
    }

    /** The bytes as they are. */
    public BinaryWriter raw(byte[] value, int offset, int count) {
        int at = claim(count);
        System.arraycopy(value, offset, buffer, at, count);
        return this;
    }

    /** The bytes as they are. */
    public BinaryWriter raw(Bytes value) {
        int at = claim(value.length());
        value.copyTo(buffer, at);
        return this;
    }

    /** A varint length and the bytes. */
    public BinaryWriter bytes(Bytes value) {
        return varint(value.length()).raw(value);
    }

    /** A varint length and the UTF-8 bytes of the text. */
    public BinaryWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return varint(utf8.length).raw(utf8, 0, utf8.length);
    }
}
