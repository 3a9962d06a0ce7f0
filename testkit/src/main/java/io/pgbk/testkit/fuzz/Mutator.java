package io.pgbk.testkit.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Changes sound inputs a little: bits, numbers, lengths, pieces, digits and words. The same seed, the same changes. */
final class Mutator {
    private static final long[] NUMBERS = {
        0,
        1,
        -1,
        2,
        127,
        128,
        255,
        256,
        4095,
        32767,
        32768,
        65535,
        65536,
        1 << 20,
        16 << 20,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xFFFF_FFFFL,
        1L << 32,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final List<String> WORDS = List.of(
            "\0",
            "\n",
            "\r\n",
            "\\",
            "'",
            "\"",
            ": ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "#",
            "..",
            "/",
            "%",
            "null",
            "true",
            "-0",
            "1e999",
            "9223372036854775808",
            "18446744073709551616",
            "4294967296",
            "FFFFFFFF/FFFFFFFF",
            "+999999999-12-31T23:59:59.999999999Z",
            "2026-02-30T00:00:00Z",
            "&a ",
            "*a ",
            "!!",
            "\u001b[2J",
            "\u00ff",
            "\u2028");

    private final Random random;
    private final int maxBytes;

    Mutator(long seed, int maxBytes) {
        this.random = new Random(seed);
        this.maxBytes = maxBytes;
    }

    /** A changed copy of one of the inputs. */
    byte[] next(List<byte[]> pool) {
        byte[] input = pool.get(random.nextInt(pool.size())).clone();
        int changes = 1 + random.nextInt(random.nextInt(4) == 0 ? 8 : 3);
        for (int i = 0; i < changes; i++) {
            input = change(input, pool);
        }
        return input.length <= maxBytes ? input : Arrays.copyOf(input, maxBytes);
    }

    private byte[] change(byte[] input, List<byte[]> pool) {
        int at = input.length == 0 ? 0 : random.nextInt(input.length);
        if (input.length == 0) {
            return insert(input, 0, word());
        }
        return switch (random.nextInt(11)) {
            case 0 -> flip(input, at);
            case 1, 2 -> number(input, at);
            case 3 -> varint(input, at);
            case 4 -> insert(input, at, word());
            case 5 -> cut(input, at, Math.min(input.length, at + 1 + random.nextInt(16)));
            case 6 -> Arrays.copyOf(input, at);
            case 7 -> insert(input, at, piece(input));
            case 8 -> insert(input, at, piece(pool.get(random.nextInt(pool.size()))));
            case 9 -> digits(input, at);
            default -> replace(input, at);
        };
    }

    private byte[] flip(byte[] input, int at) {
        input[at] ^= (byte) (1 << random.nextInt(8));
        return input;
    }

    private byte[] replace(byte[] input, int at) {
        int count = Math.min(input.length - at, 1 + random.nextInt(8));
        for (int i = 0; i < count; i++) {
            input[at + i] = (byte) random.nextInt();
        }
        return input;
    }

    /** A number at its bounds, in either order of bytes. */
    private byte[] number(byte[] input, int at) {
        long value = NUMBERS[random.nextInt(NUMBERS.length)] + random.nextInt(3) - 1;
        ByteBuffer out =
                ByteBuffer.wrap(input).order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        int width = 1 << random.nextInt(4);
        int place = random.nextBoolean() ? at & -width : at;
        if (place + width > input.length) {
            return flip(input, at);
        }
        switch (width) {
            case 1 -> out.put(place, (byte) value);
            case 2 -> out.putShort(place, (short) value);
            case 4 -> out.putInt(place, (int) value);
            default -> out.putLong(place, value);
        }
        return input;
    }

    /** A number in groups of seven bits in the place of one byte. */
    private byte[] varint(byte[] input, int at) {
        byte[] groups = new byte[10];
        long rest = NUMBERS[random.nextInt(NUMBERS.length)];
        int length = 0;
        do {
            groups[length++] = (byte) ((rest & 0x7F) | ((rest & ~0x7FL) == 0 ? 0 : 0x80));
            rest >>>= 7;
        } while (rest != 0);
        return insert(cut(input, at, at + 1), at, Arrays.copyOf(groups, length));
    }

    /** Other digits in the place of a decimal number, if there is one. */
    private byte[] digits(byte[] input, int from) {
        int start = from;
        while (start < input.length && (input[start] < '0' || input[start] > '9')) {
            start++;
        }
        int end = start;
        while (end < input.length && input[end] >= '0' && input[end] <= '9') {
            end++;
        }
        String number = Long.toString(NUMBERS[random.nextInt(NUMBERS.length)]);
        return start == end
                ? flip(input, from)
                : insert(cut(input, start, end), start, number.getBytes(StandardCharsets.US_ASCII));
    }

    private byte[] word() {
        return WORDS.get(random.nextInt(WORDS.size())).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] piece(byte[] source) {
        if (source.length == 0) {
            return source;
        }
        int from = random.nextInt(source.length);
        return Arrays.copyOfRange(source, from, Math.min(source.length, from + 1 + random.nextInt(64)));
    }

    private static byte[] insert(byte[] input, int at, byte[] what) {
        byte[] out = Arrays.copyOf(input, input.length + what.length);
        System.arraycopy(input, at, out, at + what.length, input.length - at);
        System.arraycopy(what, 0, out, at, what.length);
        return out;
    }

    private static byte[] cut(byte[] input, int from, int to) {
        byte[] out = Arrays.copyOf(input, input.length - (to - from));
        System.arraycopy(input, to, out, from, input.length - to);
        return out;
    }
}
