package io.pgbk.cli.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;

/**
 * Writes a tar file of POSIX.1-1988 (ustar). Everything belongs to root and has one time, so that the same content gives
 * the same bytes.
 */
final class TarWriter implements AutoCloseable {
    private static final int BLOCK_BYTES = 512;
    private static final int NAME_BYTES = 100;
    private static final int PREFIX_BYTES = 155;
    private static final int CHECKSUM_OFFSET = 148;

    private final OutputStream out;
    private final long seconds;

    TarWriter(OutputStream out, Instant time) {
        this.out = out;
        this.seconds = time.getEpochSecond();
    }

    void directory(String name, int mode) throws IOException {
        header(name + "/", '5', mode, 0, "");
    }

    void file(String name, int mode, byte[] content) throws IOException {
        header(name, '0', mode, content.length, "");
        out.write(content);
        pad(content.length);
    }

    void file(String name, int mode, Path content) throws IOException {
        long length = Files.size(content);
        header(name, '0', mode, length, "");
        try (InputStream in = Files.newInputStream(content)) {
            if (in.transferTo(out) != length) {
                throw new IOException(content + " changed while it was read");
            }
        }
        pad(length);
    }

    void link(String name, String target) throws IOException {
        header(name, '2', 0777, 0, target);
    }

    private void header(String name, char type, int mode, long length, String target) throws IOException {
        byte[] header = new byte[BLOCK_BYTES];
        String prefix = "";
        String rest = name;
        if (name.length() > NAME_BYTES) {
            int cut = name.indexOf('/', name.length() - NAME_BYTES - 1);
            prefix = cut < 0 ? "" : name.substring(0, cut);
            rest = name.substring(cut + 1);
        }
        if (rest.isEmpty() || rest.length() > NAME_BYTES || prefix.length() > PREFIX_BYTES) {
            throw new IOException("the name is too long for a tar file: " + name);
        }
        text(header, 0, rest);
        text(header, 100, octal(mode, 7));
        text(header, 108, octal(0, 7));
        text(header, 116, octal(0, 7));
        text(header, 124, octal(length, 11));
        text(header, 136, octal(seconds, 11));
        Arrays.fill(header, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 8, (byte) ' ');
        header[156] = (byte) type;
        text(header, 157, target);
        text(header, 257, "ustar");
        text(header, 263, "00");
        text(header, 265, "root");
        text(header, 297, "root");
        text(header, 345, prefix);
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        text(header, CHECKSUM_OFFSET, octal(sum, 6));
        header[CHECKSUM_OFFSET + 6] = 0;
        out.write(header);
    }

    private static String octal(long number, int digits) {
        String text = Long.toOctalString(number);
        return String.format(Locale.ROOT, "%" + digits + "s", text).replace(' ', '0');
    }

    private static void text(byte[] header, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    private void pad(long length) throws IOException {
        out.write(new byte[(int) (-length & (BLOCK_BYTES - 1))]);
    }

    /** Writes the end; the stream below stays open. */
    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK_BYTES]);
        out.flush();
    }
}
