package io.pgbk.postgres.wal;

import io.pgbk.error.ErrorCode;
import io.pgbk.error.PgbkException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The primitives of an index's bytes: numbers in seven-bit groups, least significant first; texts with a length. */
final class IndexBytes {
    private IndexBytes() {}

    /** Appends. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

        void octet(int value) {
            out.write(value);
        }

        /** An unsigned number. */
        void number(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        /** A number that is often small on either side of zero. */
        void signed(long value) {
            number((value << 1) ^ (value >> 63));
        }

        void unsignedInt(int value) {
            number(Integer.toUnsignedLong(value));
        }

        void bytes(byte[] bytes) {
            number(bytes.length);
            out.writeBytes(bytes);
        }

        void text(String text) {
            bytes(text.getBytes(StandardCharsets.UTF_8));
        }

        byte[] toBytes() {
            return out.toByteArray();
        }
    }

    /** Takes hostile bytes apart; everything that does not fit is OBJECT_DAMAGED. */
    static final class Reader {
        private final byte[] bytes;
        private int at;

        Reader(byte[] bytes) {
            this.bytes = bytes;
        }

        int octet() {
            if (at == bytes.length) {
                throw damaged("it ends too early");
            }
            return Byte.toUnsignedInt(bytes[at++]);
        }

        long number() {
            long value = 0;
            for (int shift = 0; shift < Long.SIZE; shift += 7) {
                int group = octet();
                value |= (long) (group & 0x7F) << shift;
                if (group < 0x80) {
                    return value;
                }
            }
            throw damaged("a number is too long");
        }

        long signed() {
            long value = number();
            return (value >>> 1) ^ -(value & 1);
        }

        int unsignedInt() {
            return (int) number(0, 0xFFFF_FFFFL);
        }

        /** A number within bounds, both included. */
        long number(long min, long max) {
            long value = number();
            if (value < min || value > max) {
                throw damaged("a number is out of bounds");
            }
            return value;
        }

        /** A count of elements of at least one byte each. */
        int count(int max) {
            long count = number(0, max);
            if (count > bytes.length - at) {
                throw damaged("it ends too early");
            }
            return (int) count;
        }

        byte[] bytes(int max) {
            int length = count(max);
            byte[] copy = new byte[length];
            System.arraycopy(bytes, at, copy, 0, length);
            at += length;
            return copy;
        }

        String text(int max) {
            return new String(bytes(max), StandardCharsets.UTF_8);
        }

        void end() {
            if (at != bytes.length) {
                throw damaged("it has " + (bytes.length - at) + " bytes too many");
            }
        }
    }

    static PgbkException damaged(String why) {
        return new PgbkException(ErrorCode.OBJECT_DAMAGED, "this is no WAL segment index: " + why);
    }
}
