package io.pgbk.task;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/**
 * A temporary file that has no name: it is unlinked as soon as it is open, so nobody else can open it and nothing of it
 * stays when the process is killed. Written once from its beginning to its end, then read, by any number of readers.
 */
public final class ScratchFile implements AutoCloseable {
    private final FileChannel channel;

    private ScratchFile(FileChannel channel) {
        this.channel = channel;
    }

    /** A new empty file on the file system of this directory. */
    public static ScratchFile create(Path directory) throws IOException {
        Path path = Files.createTempFile(
                directory,
                "pgbk-",
                ".tmp",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                Files.delete(path);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            return new ScratchFile(channel);
        } catch (IOException e) {
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /** Writes at the end of the file, without a buffer. Closing it does nothing. */
    public OutputStream output() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                HeapTransfer.write(channel, ByteBuffer.wrap(bytes, offset, length));
            }
        };
    }

    /** Reads from the beginning, at a place of its own, without a buffer. Closing it does nothing. */
    public InputStream input() {
        return new InputStream() {
            private long position;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                Objects.checkFromIndexSize(offset, length, bytes.length);
                if (length == 0) {
                    return 0;
                }
                int got = channel.read(HeapTransfer.piece(bytes, offset, length), position);
                position += Math.max(got, 0);
                return got;
            }
        };
    }

    /** Gives the room back. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
