package io.pgbk.postgres.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import javax.net.SocketFactory;

/**
 * Lets the JDBC driver connect through a Unix socket, for peer authentication, without native code. The driver creates
 * it by its name, with the socket's path as the argument.
 */
public final class UnixSocketFactory extends SocketFactory {
    private final UnixDomainSocketAddress address;

    /** For the driver. */
    public UnixSocketFactory(String socket) {
        this.address = UnixDomainSocketAddress.of(Path.of(socket));
    }

    @Override
    public Socket createSocket() {
        return new UnixSocket(address);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected();
    }

    private Socket connected() throws IOException {
        Socket socket = createSocket();
        socket.connect(address);
        return socket;
    }
}
