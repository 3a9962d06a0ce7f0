package io.pgbk.catalog.format;

import io.pgbk.error.PgbkException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads what {@link BinaryWriter} wrote. Every length is checked against the bytes that are there before anything is
 * allocated; a violation is an OBJECT_DAMAGED failure that names the object.
 */
public final class BinaryReader {
    private final byte[] buffer;
    private final int end;
    private final String path;
    private int position;

    /** @param path the object, for messages */
    public BinaryReader(byte[] buffer, int offset, int length, String path) {
        this.buffer = buffer;
        this.position = offset;
        this.end = offset + length;
        this.path = path;
    }

    public BinaryReader(byte[] buffer, String path) {
        this(buffer, 0, buffer.length, path);
    }

    /** Bytes that are left. */
    public int remaining() {
        return end - position;
    }

    /** Index in the array of the next byte. */
    public int position() {
        return position;
    }

    /** The failure for content that breaks the format. */
    public PgbkException damaged(String what) {
        return Damage.of(path, what);
    }

    private int take(int bytes) {
        if (bytes < 0 || bytes > end - position) {
            throw damaged("a structure ends early");
        }
        int at = position;
        position += bytes;
        return at;
    }

    /** One byte, 0 to 255. */
    public int u8() {
        return buffer[take(1)] & 0xFF;
    }

    /** Two bytes, big-endian. */
    public int u16() {
        return u8() << 8 | u8();
    }

    /** Four bytes, big-endian, as they are. */
    public int u32() {
        int at = take(4);
        return ByteBuffer.wrap(buffer, at, 4).getInt();
    }

    /** Eight bytes, big-endian. */
    public long u64() {
        int at = take(8);
        return ByteBuffer.wrap(buffer, at, 8).getLong();
    }

    /** A varint; all 64 bits may be used. */
    public long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = u8();
            if (shift == 63 && next > 1) {
                throw damaged("a number is too large");
            }
            value |= (long) (next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw damaged("a number is too large");
    }

    /** A varint from 0 to {@code max}. */
    public int count(int max) {
        long value = varint();
        if (value < 0 || value > max) {
            throw damaged("number " + Long.toUnsignedString(value) + " is over " + max);
        }
        return (int) value;
    }

    /**
     * A varint that counts structures of at least {@code minimumBytes} each which follow, so it cannot exceed what is
     * left.
     */
    public int countOf(int minimumBytes) {
        return count(remaining() / minimumBytes);
    }

    /** A varint that is no negative number as a long. */
    public long length() {
        long value = varint();
        if (value < 0) {
            throw damaged("length " + Long.toUnsignedString(value) + " is impossible");
        }
        return value;
    }

    /** A zigzag varint. */
    public long zigzag() {
        long value = varint();
        return (value >>> 1) ^ -(value & 1);
    }

    /** So many bytes. */
    public Bytes raw(int bytes) {
        int at = take(bytes);
        return Bytes.of(buffer, at, bytes);
    }

    /** A length-prefixed byte string. */
    public Bytes bytes() {
        return raw(count(remaining()));
    }

    /** A length-prefixed text; malformed UTF-8 is damage. */
    public String text() {
        int bytes = count(remaining());
        int at = take(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(buffer, at, bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw Damage.of(path, "a text is not UTF-8", e);
        }
    }

    /** A reader of the next bytes, which this one skips. */
    public BinaryReader slice(int bytes) {
        return new BinaryReader(buffer, take(bytes), bytes, path);
    }

    /** Skips bytes. */
    public void skip(int bytes) {
        take(bytes);
    }

    /** Fails unless everything was read. */
    public void expectEnd() {
        if (remaining() != 0) {
            throw damaged(remaining() + " bytes follow the end of a structure");
        }
    }
}
