package io.pgbk.postgres.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket with the face of a {@link Socket}, read time-outs included.
 *
 * <p>One thread may read while another writes; {@link #close()} by any thread ends both. A thread that is interrupted
 * while it waits gets an {@link InterruptedIOException}.
 */
final class UnixSocket extends Socket {
    private static final int BUFFER_BYTES = 1 << 16;

    private final UnixDomainSocketAddress address;
    private volatile @Nullable Connected connected;
    private volatile boolean closed;
    private volatile int readTimeoutMillis;

    /** What exists once the connection is there. */
    private record Connected(SocketChannel channel, Selector readable, Selector writable) implements AutoCloseable {
        static Connected to(UnixDomainSocketAddress address) throws IOException {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(address);
                channel.configureBlocking(false);
                Selector readable = Selector.open();
                channel.register(readable, SelectionKey.OP_READ);
                Selector writable = Selector.open();
                channel.register(writable, SelectionKey.OP_WRITE);
                return new Connected(channel, readable, writable);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            try (readable;
                    writable) {
                channel.close();
            }
        }
    }

    UnixSocket(UnixDomainSocketAddress address) {
        this.address = address;
    }

    @Override
    public void connect(SocketAddress ignored) throws IOException {
        connect(ignored, 0);
    }

    /** Connects to the address given at construction: the driver knows only host names. */
    @Override
    public void connect(SocketAddress ignored, int timeout) throws IOException {
        if (closed) {
            throw new SocketException("the socket is closed");
        }
        connected = Connected.to(address);
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new Input(live());
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return new Output(live());
    }

    @Override
    public boolean isConnected() {
        return connected != null;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        Connected current = connected;
        if (current != null) {
            current.close();
        }
    }

    @Override
    public void setSoTimeout(int timeout) {
        readTimeoutMillis = timeout;
    }

    @Override
    public int getSoTimeout() {
        return readTimeoutMillis;
    }

    // These have no meaning on a Unix socket.

    @Override
    public void setTcpNoDelay(boolean on) {}

    @Override
    public void setKeepAlive(boolean on) {}

    @Override
    public void setSendBufferSize(int size) {}

    @Override
    public void setReceiveBufferSize(int size) {}

    @Override
    public int getSendBufferSize() {
        return BUFFER_BYTES;
    }

    @Override
    public int getReceiveBufferSize() {
        return BUFFER_BYTES;
    }

    private Connected live() throws SocketException {
        Connected current = connected;
        if (current == null || closed) {
            throw new SocketException(closed ? "the socket is closed" : "the socket is not connected");
        }
        return current;
    }

    /** Waits until the selector's channel is ready, {@code timeoutMillis} at most (0 for ever). */
    private void await(Selector selector, int timeoutMillis) throws IOException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        try {
            while (selector.select(remaining(timeoutMillis, end)) == 0) {
                if (closed) {
                    throw new SocketException("the socket is closed");
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("interrupted while waiting for PostgreSQL");
                }
                if (timeoutMillis > 0 && System.nanoTime() - end >= 0) {
                    throw new SocketTimeoutException("no answer within " + timeoutMillis + " ms");
                }
            }
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException e) {
            throw (SocketException) new SocketException("the socket is closed").initCause(e);
        }
    }

    private static long remaining(int timeoutMillis, long end) {
        return timeoutMillis == 0 ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
    }

    private final class Input extends InputStream {
        private final Connected socket;

        Input(Connected socket) {
            this.socket = socket;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            if (length == 0) {
                return 0;
            }
            ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, Math.min(length, BUFFER_BYTES));
            while (true) {
                int count = socket.channel().read(buffer);
                if (count != 0) {
                    return count;
                }
                await(socket.readable(), readTimeoutMillis);
            }
        }

        @Override
        public void close() throws IOException {
            UnixSocket.this.close();
        }
    }

    private final class Output extends OutputStream {
        private final Connected socket;

        Output(Connected socket) {
            this.socket = socket;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            int end = offset + length;
            int position = offset;
            while (position < end) {
                int part = Math.min(end - position, BUFFER_BYTES);
                int count = socket.channel().write(ByteBuffer.wrap(bytes, position, part));
                position += count;
                if (count == 0) {
                    await(socket.writable(), readTimeoutMillis);
                }
            }
        }

        @Override
        public void close() throws IOException {
            UnixSocket.this.close();
        }
    }
}
