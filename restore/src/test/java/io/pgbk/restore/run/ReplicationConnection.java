package io.pgbk.restore.run;

import io.pgbk.testkit.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A replication connection in PostgreSQL's own protocol (version 3), for commands that no driver knows. Failures are
 * returned as the server's message.
 */
final class ReplicationConnection implements AutoCloseable {
    private static final byte PROTOCOL_MAJOR = 3;
    private static final int CHUNK = 8192;

    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    private record Message(char type, String body) {
        /** Of an error: the field M. */
        String text() {
            return body.lines()
                    .filter(field -> field.startsWith("M"))
                    .findFirst()
                    .map(field -> field.substring(1))
                    .orElse(body);
        }
    }

    private ReplicationConnection(SocketChannel channel) {
        this.channel = channel;
        this.in = new DataInputStream(Channels.newInputStream(channel));
        this.out = new DataOutputStream(Channels.newOutputStream(channel));
    }

    static ReplicationConnection to(PostgresServer server) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(server.socket()));
        ReplicationConnection connection = new ReplicationConnection(channel);
        ByteArrayOutputStream start = new ByteArrayOutputStream();
        start.writeBytes(new byte[] {0, PROTOCOL_MAJOR, 0, 0});
        for (String word : new String[] {"user", server.user(), "replication", "true", ""}) {
            start.writeBytes((word + "\0").getBytes(StandardCharsets.UTF_8));
        }
        connection.out.writeInt(start.size() + 4);
        connection.out.write(start.toByteArray());
        connection.await('Z').ifPresent(message -> {
            throw new IllegalStateException(message);
        });
        return connection;
    }

    private void send(char type, byte[] body, int offset, int length) throws IOException {
        out.writeByte(type);
        out.writeInt(length + 4);
        out.write(body, offset, length);
    }

    private void query(String command) throws IOException {
        byte[] text = (command + "\0").getBytes(StandardCharsets.UTF_8);
        send('Q', text, 0, text.length);
    }

    private Message receive() throws IOException {
        char type = (char) in.readUnsignedByte();
        byte[] body = in.readNBytes(in.readInt() - 4);
        // Fields end with a zero byte.
        return new Message(type, new String(body, StandardCharsets.UTF_8).replace('\0', '\n'));
    }

    /** Reads until a message of this type; an error that comes before it is returned. */
    private Optional<String> await(char type) throws IOException {
        Message message = receive();
        while (message.type() != type) {
            if (message.type() == 'E') {
                return Optional.of(message.text());
            }
            message = receive();
        }
        return Optional.empty();
    }

    /** Gives the server a backup manifest, which it parses and whose checksum it checks; empty when it took it. */
    Optional<String> uploadManifest(String manifest) throws IOException {
        query("UPLOAD_MANIFEST");
        Optional<String> refused = await('G');
        if (refused.isPresent()) {
            return refused;
        }
        byte[] bytes = manifest.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at < bytes.length; at += CHUNK) {
            send('d', bytes, at, Math.min(CHUNK, bytes.length - at));
        }
        send('c', bytes, 0, 0);
        Optional<String> failed = await('C');
        return failed.isPresent() ? failed : await('Z');
    }

    /** Starts a command that streams and reads to its first data; empty when they came. The connection is used up. */
    Optional<String> beginsToSend(String command) throws IOException {
        query(command);
        return await('d');
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
